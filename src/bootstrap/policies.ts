import { append, envelope } from '../audit/record.ts';
import { inTransaction, type Store, wakeAfterCommit } from '../db/transaction.ts';
import type { Json } from '../lib/json.ts';
import type { Engine } from '../policy/engine.ts';
import { PolicyLoadError } from '../policy/load.ts';
import { describeSet, lostGuards } from '../policy/policy-set.ts';
import { asSystem } from '../policy/system.ts';

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
