import { type Permission, split } from '../access/catalog.ts';
import type { Grant, Row, RowChange } from '../access/grant.ts';
import { resourceDefinition, tenantColumn } from '../access/resource.ts';
import type { Where } from '../access/where.ts';
import type { Tx } from '../db/transaction.ts';
import { lowerFirst } from '../lib/text.ts';
import type { Step } from './combine.ts';
import type { LookUps } from './contract.ts';
import type { Decision } from './engine.ts';
import { missingPermissions } from './holdings.ts';
import { matches } from './portable.ts';
import { type AccessSession, refusal } from './session.ts';

/** The one place where a grant is made: from a decision whose outcome is allow. */
export function makeGrant<P extends Permission>(
  session: AccessSession,
  decision: Decision,
  where: Where | undefined,
): Grant<P> {
  const { scope, permission } = decision;
  const reaches = (row: Row) => where === undefined || matches(where, row);
  const { principal, credential, impersonator } = session.identity;
  const shadows = decision.steps.filter((step) => step.shadow && (step.effect === 'deny' || step.effect === 'error'));
  const grant = {
    permission,
    tenantId: scope.tenantId ?? null,
    where: where ?? {},
    decisionId: decision.id,
    doer: session.doer,
    credential,
    isSuperAdmin: principal.superAdmin,
    notes: [
      ...shadows.map((step) => `${step.policy} (in shadow) would have refused: ${step.reason ?? step.cause ?? ''}`),
      ...decision.steps.flatMap((step) => (step.shadow ? [] : (step.obligations ?? []).map(({ note }) => note))),
    ],
    matches: reaches,
    refusalOf: (row: Row) => refusal(decision, outOfReach(decision, row)),
    mayRead(row: Row): boolean {
      const [resource, action] = split(permission);
      if (action === 'READ') return reaches(row);
      return session.may(`${resource}:READ` as Permission, { tenantId: scope.tenantId })?.matches(row) ?? false;
    },
    missing: (permissions: readonly Permission[], tenantId: string | null, namespace: string) =>
      // What is handed on outlives an impersonation: then it takes what both of them hold.
      permissions.filter((permission) =>
        [principal, ...(impersonator ? [impersonator] : [])].some(
          (holder) => missingPermissions(holder, [permission], tenantId, namespace).length > 0,
        ),
      ),
    async review(tx: Tx, change: RowChange): Promise<void> {
      for (const row of [change.before, change.after]) {
        if (row && !reaches(row)) throw grant.refusalOf(row);
      }
      assertNotExcepted(session, decision, change);
      const step = await session.engine.review(decision, change, lookUps(tx));
      if (step) throw refusal(decision, step);
    },
  };
  return grant as unknown as Grant<P>;
}

/** A group that a policy excepts is itself a setting of that policy: its owner and its administrators cannot change it. */
function assertNotExcepted(session: AccessSession, decision: Decision, { before, after }: RowChange): void {
  if (decision.request.resource !== 'GROUP') return;
  const { exceptedGroups } = session.engine.set;
  const id = String((after ?? before)?.['id']);
  if (!exceptedGroups.has(id) || session.may('POLICY:UPDATE')) return;
  throw refusal(decision, {
    policy: 'excepted-groups',
    effect: 'deny',
    reason: 'a policy excepts this group, so it takes POLICY:UPDATE',
  });
}

/** Who is told to have refused a row that the filter leaves out: the roles, or else the guard that does not spare it. */
function outOfReach({ steps }: Decision, row: Row) {
  const spares = (step: Step) => !step.filter || matches(step.filter, row);
  const granted = steps.some(
    (step) => step.mode === 'grant' && step.effect === 'allow' && !step.shadow && spares(step),
  );
  const guard = granted && steps.find((step) => step.effect === 'deny' && !step.shadow && !spares(step));
  return guard
    ? { policy: guard.policy, effect: 'deny', ...(guard.reason !== undefined && { reason: guard.reason }) }
    : { policy: 'roles', reason: 'no role reaches this', effect: 'deny' };
}

function lookUps(tx: Tx): LookUps {
  return {
    count(resource, tenantId) {
      const model = resourceDefinition(resource)?.model;
      if (!model) throw new Error(`${resource} has no rows to count`);
      const delegate = (tx as unknown as Record<string, { count(args: object): Promise<number> }>)[lowerFirst(model)]!;
      return delegate.count({ where: { [tenantColumn(resource)]: tenantId } });
    },
  };
}
