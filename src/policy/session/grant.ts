import { type Permission, type ResourceName, split } from '../../access/catalog.ts';
import type { Doer, Grant, Row, RowChange } from '../../access/grant.ts';
import { readResource } from '../../access/resource.ts';
import { everyRow, type Where } from '../../access/where.ts';
import type { Tx } from '../../db/transaction.ts';
import type { Step } from '../decide/combine.ts';
import type { Scope } from '../decide/decision.ts';
import { type Decision, exceptedStep, refusal, refusingStep, shadowNote } from '../decide/decision.ts';
import type { Engine } from '../decide/engine.ts';
import { lookUps } from '../decide/look-ups.ts';
import { noteDecision, noteReview, outOfReachEvidence } from '../decisions/evidence.ts';
import { matcherOf } from '../filter/matcher.ts';
import { type Ceiling, meet, reachOf } from '../principals/ceiling.ts';
import { missingPermissions } from '../principals/holdings.ts';
import type { Identity } from './identity.ts';
import { noteReviewed } from './reviewed.ts';

/** The part of a session that a grant uses. */
export interface Holder {
  readonly identity: Identity;
  readonly doer: Doer;
  readonly engine: Engine;
  can(permission: Permission, row: Row, scope: Scope): boolean;
  may(permission: Permission): unknown;
}

/** Creates a grant from a decision that allows. No other code creates grants of a caller. */
export function makeGrant<P extends Permission>(
  session: Holder,
  decision: Decision,
  where: Where | undefined,
): Grant<P> {
  const { scope, permission } = decision;
  const reaches = where === undefined ? () => true : matcherOf(where);
  const { principal, credential, impersonator } = session.identity;
  const [resource] = split(permission);
  const reviewNotes = new Map<string, string[]>();
  const grant = {
    permission,
    tenantId: scope.tenantId ?? null,
    where: where ?? everyRow,
    decisionId: decision.id,
    get doer() {
      return session.doer;
    },
    credential,
    isSuperAdmin: principal.superAdmin,
    ceiling: session.identity.ceiling ?? null,
    reach(): Ceiling | null {
      // New credentials outlive an impersonation, so they are limited to what both accounts hold.
      const reaches = [principal, impersonator].flatMap((holder) =>
        holder && !holder.superAdmin ? [reachOf(holder)] : [],
      );
      const [first, second] = reaches;
      return first ? (second ? meet(first, second) : first) : null;
    },
    notesOn: (of: ResourceName, change: RowChange) => [
      ...decisionNotes(decision, of === resource ? change : undefined),
      ...((of === resource && reviewNotes.get(idOf(change))) || []),
    ],
    matches: reaches,
    refusalOf(row: Row) {
      const step = refusingStep(decision.steps, row);
      const error = refusal(decision, step);
      error.evidence = [outOfReachEvidence(decision, row, step.policy)];
      return error;
    },
    mayRead(row: Row): boolean {
      if (permission.endsWith(':READ')) return reaches(row);
      return session.can(`${readResource(resource)}:READ` as Permission, row, { tenantId: scope.tenantId });
    },
    mayDo(other: Permission, row: Row): boolean {
      const tenantId = row['tenantId'];
      try {
        return session.can(other, row, typeof tenantId === 'string' ? { tenantId } : {});
      } catch {
        return false;
      }
    },
    missing(permissions: readonly Permission[], tenantId: string | null, namespace: string): Permission[] {
      // Permissions that are passed on outlive an impersonation, so both accounts must hold them.
      const holders = impersonator ? [principal, impersonator] : [principal];
      const lacking = new Set(
        holders.flatMap((holder) => missingPermissions(holder, permissions, tenantId, namespace)),
      );
      if (lacking.size === 0) for (const holder of holders) session.engine.handedOn?.(holder, permissions, tenantId);
      return permissions.filter((permission) => lacking.has(permission));
    },
    async review(tx: Tx, change: RowChange): Promise<void> {
      const [review, look] = noteReview(noteDecision(tx, decision), change, lookUps(tx, scope.tenantId));
      for (const row of [change.before, change.after]) {
        if (!row || reaches(row)) continue;
        review.refusedBy = refusingStep(decision.steps, row).policy;
        throw grant.refusalOf(row);
      }
      review.concerned = await groupsConcerned(tx, session, decision, change);
      const { exceptedGroups } = session.engine.set;
      if (review.concerned.some((id) => exceptedGroups.has(id)) && !session.may('POLICY:UPDATE')) {
        review.refusedBy = exceptedStep.policy;
        throw refusal(decision, exceptedStep);
      }
      // Group members are part of the group, not rows of the resource.
      if (!scope.part) noteReviewed(tx, resource, change);
      const { refused, notes } = await session.engine.review(decision, change, look);
      const known = reviewNotes.get(idOf(change)) ?? [];
      reviewNotes.set(idOf(change), [...new Set([...known, ...notes])]);
      if (!refused) return;
      review.refusedBy = refused.policy;
      if (refused.effect === 'error') review.failed = true;
      throw refusal(decision, refused);
    },
  };
  return grant as unknown as Grant<P>;
}

const idOf = ({ before, after }: RowChange): string => String((after ?? before)?.['id']);

/**
 * Returns the audit notes of a decision: refusals of policies in shadow mode for this change (undefined: for any
 * change), and the notes of obligations.
 */
function decisionNotes({ steps }: Decision, change: RowChange | undefined): string[] {
  const exempt = ({ filter }: Step) =>
    filter !== undefined &&
    change !== undefined &&
    [change.before, change.after].every((row) => row === null || matcherOf(filter)(row));
  const shadows = steps.filter(
    (step) => step.shadow && (step.effect === 'error' || (step.effect === 'deny' && !exempt(step))),
  );
  return [
    ...shadows.map(shadowNote),
    ...steps.flatMap(({ shadow, obligations = [] }) =>
      shadow ? [] : obligations.flatMap((one) => (one.kind === 'audit' ? [one.note] : [])),
    ),
  ];
}

/**
 * A group that a policy exempts is part of the settings of that policy. Its owners and administrators cannot change it,
 * delete it with its tenant, or create credentials to act as one of its members.
 * @returns the ids of the groups that the change affects in this way, exempt or not: a replay can use other settings.
 */
async function groupsConcerned(
  tx: Tx,
  session: Holder,
  { request: { resource, action } }: Decision,
  { before, after }: RowChange,
): Promise<string[]> {
  const id = String((after ?? before)?.['id']);
  const groupsOf = async (principalId: unknown) => {
    if (principalId === session.doer.id) return [];
    const where = { principalId: String(principalId) };
    return (await tx.groupMember.findMany({ where, select: { groupId: true } })).map(({ groupId }) => groupId);
  };
  if (resource === 'GROUP') return [id];
  if (resource === 'TENANT' && action === 'DELETE')
    return (await tx.group.findMany({ where: { tenantId: id }, select: { id: true } })).map((g) => g.id);
  if (resource === 'API_TOKEN') return after === null ? [] : groupsOf(after['principalId']);
  // With a new password, another person can act as the user.
  if (resource === 'USER' && before !== null && before['passwordHash'] !== after?.['passwordHash']) return groupsOf(id);
  return [];
}
