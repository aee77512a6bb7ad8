import { type Permission, type ResourceName, split } from '../access/catalog.ts';
import type { Grant, Row, RowChange } from '../access/grant.ts';
import type { Where } from '../access/where.ts';
import type { Tx } from '../db/transaction.ts';
import type { Step } from './combine.ts';
import { type Decision, shadowNote } from './engine.ts';
import { missingPermissions } from './holdings.ts';
import { lookUps } from './look-ups.ts';
import { matches } from './portable.ts';
import { noteReviewed } from './reviewed.ts';
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
  const [resource] = split(permission);
  const reviewNotes = new Map<string, string[]>();
  const grant = {
    permission,
    tenantId: scope.tenantId ?? null,
    where: where ?? {},
    decisionId: decision.id,
    doer: session.doer,
    credential,
    isSuperAdmin: principal.superAdmin,
    notesOn: (of: ResourceName, change: RowChange) => [
      ...decisionNotes(decision, of === resource ? change : undefined),
      ...((of === resource && reviewNotes.get(idOf(change))) || []),
    ],
    matches: reaches,
    refusalOf: (row: Row) => refusal(decision, outOfReach(decision, row)),
    mayRead(row: Row): boolean {
      if (permission.endsWith(':READ')) return reaches(row);
      return session.may(`${resource}:READ` as Permission, { tenantId: scope.tenantId })?.matches(row) ?? false;
    },
    missing(permissions: readonly Permission[], tenantId: string | null, namespace: string): Permission[] {
      // What is handed on outlives an impersonation: then it takes what both of them hold.
      const holders = impersonator ? [principal, impersonator] : [principal];
      const lacking = new Set(
        holders.flatMap((holder) => missingPermissions(holder, permissions, tenantId, namespace)),
      );
      return permissions.filter((permission) => lacking.has(permission));
    },
    async review(tx: Tx, change: RowChange): Promise<void> {
      for (const row of [change.before, change.after]) {
        if (row && !reaches(row)) throw grant.refusalOf(row);
      }
      await assertNotExcepted(tx, session, decision, change);
      // The members of a group are no rows of their own.
      if (!scope.part) noteReviewed(tx, resource, change);
      const { refused, notes } = await session.engine.review(decision, change, lookUps(tx, scope.tenantId));
      const known = reviewNotes.get(idOf(change)) ?? [];
      reviewNotes.set(idOf(change), [...new Set([...known, ...notes])]);
      if (refused) throw refusal(decision, refused);
    },
  };
  return grant as unknown as Grant<P>;
}

const idOf = ({ before, after }: RowChange): string => String((after ?? before)?.['id']);

/** What policies in shadow would have refused of the change (undefined: of anything), and what obligations say. */
function decisionNotes({ steps }: Decision, change: RowChange | undefined): string[] {
  const spared = ({ filter }: Step) =>
    filter !== undefined &&
    change !== undefined &&
    [change.before, change.after].every((row) => row === null || matches(filter, row));
  const shadows = steps.filter(
    (step) => step.shadow && (step.effect === 'error' || (step.effect === 'deny' && !spared(step))),
  );
  return [
    ...shadows.map(shadowNote),
    ...steps.flatMap((step) => (step.shadow ? [] : (step.obligations ?? []).map(({ note }) => note))),
  ];
}

/**
 * A group that a policy excepts is itself a setting of that policy: its owner and its administrators cannot change it,
 * end it with its tenant, or make credentials to act as one of its members.
 */
async function assertNotExcepted(tx: Tx, session: AccessSession, decision: Decision, change: RowChange): Promise<void> {
  if (!(await concernsExcepted(tx, session, decision, change)) || session.may('POLICY:UPDATE')) return;
  throw refusal(decision, {
    policy: 'excepted-groups',
    effect: 'deny',
    reason: 'it concerns a group that a policy excepts, so it takes POLICY:UPDATE',
  });
}

async function concernsExcepted(
  tx: Tx,
  session: AccessSession,
  { request: { resource, action } }: Decision,
  { before, after }: RowChange,
): Promise<boolean> {
  const { exceptedGroups } = session.engine.set;
  if (exceptedGroups.size === 0) return false;
  const among = { in: [...exceptedGroups] };
  const id = String((after ?? before)?.['id']);
  const isMember = async (principalId: unknown) =>
    principalId !== session.doer.id &&
    (await tx.groupMember.count({ where: { groupId: among, principalId: String(principalId) } })) > 0;
  if (resource === 'GROUP') return exceptedGroups.has(id);
  if (resource === 'TENANT')
    return action === 'DELETE' && (await tx.group.count({ where: { id: among, tenantId: id } })) > 0;
  if (resource === 'API_TOKEN') return after !== null && isMember(after['principalId']);
  // A password is the one part of a user by which another can act as them.
  return resource === 'USER' && before?.['passwordHash'] !== after?.['passwordHash'] && before !== null && isMember(id);
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
