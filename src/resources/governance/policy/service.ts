import type { Grant } from '../../../access/grant.ts';
import { lockState } from '../../../access/revision.ts';
import { record } from '../../../audit/record.ts';
import type { PolicyConfiguration } from '../../../config.ts';
import type { PrismaClient } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { configurationIn } from '../../../policy/load/configuration.ts';
import type { PreparedPolicies } from '../../../policy/load/live-policies.ts';
import { assertNoneLost, describeSet } from '../../../policy/load/policy-set.ts';

/** A configuration in events and reviews. */
export const configurationRow = (configuration: PolicyConfiguration | null) => ({
  id: 'configuration',
  name: 'configuration',
  policies: configuration?.policies ?? {},
  mayGrant: configuration?.mayGrant ?? [],
});

/** The configuration in force, including disabled policies; null if it cannot be read. */
export async function storedConfiguration(db: PrismaClient | Tx): Promise<PolicyConfiguration | null> {
  const { configuration } = await db.accessState.findFirstOrThrow({ where: { id: 1 } });
  return configurationIn(configuration);
}

const dayMs = 86_400_000;

/** Number of audit events of the last days with a note that a policy in shadow mode would have refused. */
export async function shadowRefusals(db: PrismaClient, policy: string, days: number): Promise<number> {
  const since = new Date(Date.now() - days * dayMs);
  const [found] = await db.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM "AuditHead" AS chain
    JOIN "AuditEvent" AS event ON event."tenantId" = chain."tenantId" AND event.at >= ${since},
    LATERAL jsonb_array_elements_text(CASE jsonb_typeof(event.details->'notes')
      WHEN 'array' THEN event.details->'notes' ELSE '[]'::jsonb END) AS note
    WHERE starts_with(note, ${`${policy} (shadow mode)`})`;
  return Number(found?.count ?? 0);
}

export interface PutInForce {
  /** Only if nothing is in force yet. */
  readonly onlyFirst?: boolean;
  /** Allows the removal of a guard that was in force, as an explicit decision. */
  readonly mayLose?: boolean;
  /** Digest of the file with the configuration. Absent if it is not from a file. */
  readonly fileDigest?: string;
  readonly verb: 'accept' | 'configure';
}

/**
 * Makes these policies the accepted ones, for every gateway, and records the event.
 * @returns false if they already were.
 * @throws {PolicyLoadError} if a guard that was in force is missing: its removal requires an explicit decision.
 */
export async function putInForce(
  tx: Tx,
  grant: Grant<'POLICY:UPDATE'>,
  { configuration, set, fingerprint }: PreparedPolicies,
  { onlyFirst = false, mayLose = false, fileDigest, verb }: PutInForce,
): Promise<boolean> {
  await lockState(tx);
  const state = await tx.accessState.findUniqueOrThrow({ where: { id: 1 } });
  if (onlyFirst && state.policySet !== null) return false;
  if (!mayLose) assertNoneLost(state.plugins, set);
  const former = configurationIn(state.configuration);
  const before = configurationRow(former);
  const after = configurationRow(configuration);
  await grant.review(tx, { before, after });
  const changed = state.policySet !== fingerprint;
  const plugins = describeSet(set);
  await tx.accessState.update({
    where: { id: 1 },
    data: {
      configuration: configuration as never,
      ...(fileDigest !== undefined && { fileDigest }),
      ...(changed && { policySet: fingerprint, plugins: plugins as never, acceptedAt: new Date() }),
    },
  });
  if (!changed && former !== null && canonicalJson(before) === canonicalJson(after)) return false;
  const details = { before: state.policySet, after: fingerprint, set: plugins as never };
  record(tx, grant, { resource: 'POLICY', before, after, tenant: null, verb, key: fingerprint, details });
  return changed;
}
