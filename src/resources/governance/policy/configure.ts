import type { Grant } from '../../../access/grant.ts';
import { type PolicyConfiguration, policyConfiguration } from '../../../config.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, GatehouseError, type Issue } from '../../../errors.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { Engine } from '../../../policy/decide/engine.ts';
import { lookUps } from '../../../policy/decide/look-ups.ts';
import type { LivePolicies, MayName, PreparedPolicies } from '../../../policy/load/live-policies.ts';
import { PolicyLoadError, type PolicySet } from '../../../policy/load/load.ts';
import { assertMatched, describeSet } from '../../../policy/load/policy-set.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { configurationRow, putInForce, storedConfiguration } from './service.ts';

const longestReason = 'x'.repeat(1_000);

/** Without the folders of this host. */
const faultAsIssue = (fault: string): Issue => ({
  path: ['input', 'policies'],
  message: fault.replace(/^\/.*\/(?=[^/]+\.(?:ts|js|mjs)(?::\d+)?: )/, ''),
});

const refused = (issues: Issue[]) =>
  new GatehouseError('BAD_INPUT', issues.map(({ message }) => message).join(' '), { issues });

/**
 * Puts a proposed configuration in force, completely or not at all.
 * @throws BAD_INPUT with all faults, FORBIDDEN if it grants more than the doer can grant.
 */
export async function configurePolicies(
  tx: Tx,
  grant: Grant<'POLICY:UPDATE'>,
  session: AccessSession,
  live: LivePolicies,
  proposed: { policies: unknown; mayGrant: readonly string[] | null | undefined },
): Promise<PreparedPolicies> {
  const current = (await storedConfiguration(tx)) ?? live.configuration;
  const configuration = configurationOf({ ...proposed, mayGrant: proposed.mayGrant ?? current.mayGrant });
  const given = (names: readonly string[]) => canonicalJson([...names].sort());
  const assertSuperAdmin = (message: string) => {
    if (grant.isSuperAdmin) return;
    throw new GatehouseError('FORBIDDEN', message, { decisionId: grant.decisionId, policy: 'handing-on' });
  };
  if (given(configuration.mayGrant) !== given(current.mayGrant))
    assertSuperAdmin('Only a super admin can change which policies grant permissions.');
  return withIssues(async () => {
    const prepared = await live.prepare(configuration, tx, grant.isSuperAdmin ? undefined : mayNameOf(session, live));
    assertMatched(prepared.set, live.engine.set);
    if (!givesNoMore(live.engine.set, prepared.set))
      assertSuperAdmin('Only a super admin can change the settings of policies that grant permissions.');
    await assertStillOpen(tx, session, live.engine, prepared, current);
    await putInForce(tx, grant, prepared, { verb: 'configure' });
    return prepared;
  });
}

/** @throws BAD_INPUT with all faults. */
export function configurationOf(proposed: { policies: unknown; mayGrant: readonly string[] }): PolicyConfiguration {
  const model = policyConfiguration.safeParse(proposed);
  if (model.success) return model.data;
  throw refused(
    model.error.issues.map(({ path, message }) => ({
      path: ['input', ...(path as (string | number)[])],
      message: `${path.join('.')}: ${message}`,
    })),
  );
}

/** Reports faults of loading as BAD_INPUT. */
export async function withIssues<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof PolicyLoadError) throw refused(error.faults.map(faultAsIssue));
    throw error;
  }
}

/**
 * References that are already in force are allowed. For others, the caller must be able to read the referenced object.
 */
export function mayNameOf(session: AccessSession, live: LivePolicies): MayName {
  const named = new Set(live.engine.set.policies.flatMap(({ references = {} }) => Object.keys(references)));
  return (reference, kind, row, tenantId) => {
    if (named.has(reference)) return true;
    try {
      return session.can(`${kind}:READ`, row, { tenantId });
    } catch {
      // A failing policy is repaired by other settings, which must not need its answer.
      return false;
    }
  };
}

/** True if the policies that grant permissions are unchanged. A disabled policy grants none. */
function givesNoMore(current: PolicySet, next: PolicySet): boolean {
  const grants = (set: PolicySet) =>
    describeSet(set)
      .policies.filter(({ mode }) => mode === 'grant')
      .map(canonicalJson);
  const known = new Set(grants(current));
  return grants(next).every((one) => known.has(one));
}

/** Under the proposed policies, the caller must be able to revert them, if necessary with a sufficient reason. */
async function assertStillOpen(
  tx: Tx,
  session: AccessSession,
  { reviewMs }: Engine,
  { set, fingerprint, configuration }: PreparedPolicies,
  current: PolicyConfiguration,
): Promise<void> {
  const { request, scope, permission } = session.decide('POLICY:UPDATE');
  const env = { ...request.env, reason: longestReason };
  const next = new Engine(set, fingerprint, reviewMs);
  const decision = next.decide({ principal: session.principal, actor: request.actor, env, permission, scope });
  const { outcome } = decision;
  const back = { before: configurationRow(configuration), after: configurationRow(current) };
  const refusedBy =
    outcome.effect === 'allow' ? (await next.review(decision, back, lookUps(tx, undefined))).refused : outcome;
  if (!refusedBy) return;
  throw badInput(
    ['input', 'policies'],
    `With these settings you could not change them back: ${refusedBy.policy} would refuse you (${refusedBy.reason ?? 'it fails'}). Exempt yourself or change the settings.`,
  );
}
