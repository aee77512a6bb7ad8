import { join, resolve } from 'node:path';
import { append, envelope } from '../audit/record.ts';
import type { Config } from '../config.ts';
import type { PrismaClient } from '../db/generated/client.ts';
import { inTransaction, type Store, wakeAfterCommit } from '../db/transaction.ts';
import type { Json } from '../lib/json.ts';
import { Engine } from '../policy/engine.ts';
import { loadPolicies, PolicyLoadError } from '../policy/load.ts';
import { describeSet, fingerprintOf, lostGuards } from '../policy/policy-set.ts';
import { asSystem } from '../policy/system.ts';

const ownFolder = join(import.meta.dirname, '..', '..', 'plugins');

/**
 * Loads the policies of these settings into an engine.
 * @throws {PolicyLoadError} naming every fault.
 */
export async function loadEngine(config: Config, prisma: PrismaClient, folder = ownFolder): Promise<Engine> {
  const groups = await prisma.group.findMany({ select: { id: true, name: true, tenant: { select: { key: true } } } });
  const tenants = await prisma.tenant.findMany({ select: { id: true, key: true } });
  const set = await loadPolicies({
    folders: [folder, ...config.policyFolders.map((path) => resolve(path))],
    settings: config.policies,
    mayGrant: config.mayGrant,
    placeOf: config.placeOf,
    groups: new Map(groups.map(({ id, name, tenant }) => [`${tenant.key}/${name}`, id])),
    tenants: new Map(tenants.map(({ id, key }) => [key, id])),
  });
  return new Engine(set, fingerprintOf(set), config.limits.reviewMs);
}

/** @throws {PolicyLoadError} where a guard that was in force is simply gone: that must be somebody's decision. */
export async function checkPolicies({ prisma }: Store, engine: Engine): Promise<void> {
  const state = await prisma.accessState.findUniqueOrThrow({ where: { id: 1 } });
  if (state.policySet === null || state.policySet === engine.fingerprint) return;
  const lost = lostGuards(state.plugins, engine.set);
  if (lost.length > 0) {
    throw new PolicyLoadError(
      lost.map((name) => `${name} was in force and is gone; run \`gatehouse policy accept\` if that is meant`),
    );
  }
}

/** Makes this gateway's policies the accepted ones. Written into the audit log, with what is switched off. */
export async function acceptPolicies(
  store: Store,
  engine: Engine,
  { onlyFirst }: { onlyFirst: boolean },
): Promise<boolean> {
  return inTransaction(store, async (tx) => {
    await tx.$executeRaw`SELECT 1 FROM "AccessState" FOR UPDATE`;
    const before = await tx.accessState.findUniqueOrThrow({ where: { id: 1 } });
    if (before.policySet === engine.fingerprint || (onlyFirst && before.policySet !== null)) return false;
    const plugins = describeSet(engine.set);
    await tx.accessState.update({
      where: { id: 1 },
      data: {
        policySet: engine.fingerprint,
        plugins: plugins as never,
        acceptedAt: new Date(),
        revision: { increment: 1 },
      },
    });
    wakeAfterCommit(tx, 'access');
    const { doer } = asSystem('POLICY:UPDATE', onlyFirst ? 'first start' : 'policy accept on the command line');
    append(tx, {
      ...envelope(doer),
      tenantId: '',
      tenantKey: '',
      type: 'UPDATE',
      action: 'policy.accept',
      outcome: 'SUCCESS',
      resource: 'POLICY',
      resourceId: engine.fingerprint,
      resourceKey: engine.fingerprint,
      namespace: '',
      patchText: '',
      details: { before: before.policySet, after: engine.fingerprint, set: plugins } as unknown as Json,
    });
    return true;
  });
}
