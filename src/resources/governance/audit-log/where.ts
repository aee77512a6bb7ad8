import { type ActorKind, actorKinds } from '../../../access/actor.ts';
import { within } from '../../../access/where.ts';
import { maxDetails } from '../../../audit/detail.ts';
import { type AuditOutcome, type AuditType, auditOutcomes, auditTypes } from '../../../audit/event.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { nothing } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId, nodeTypes } from '../../../graphql/node.ts';
import { mayAskByName, searchable, searchableField, searchablePatch } from '../../../graphql/personal.ts';
import { ResourceNameEnum } from '../../../graphql/resource-enum.ts';
import { escapeLike } from '../../../lib/text.ts';
import { detailsIn, ofExecution, ofFlow, withDetail } from './object-filters.ts';
import { patchReach } from './patches.ts';

const kindTexts: Record<AuditType, string> = {
  CREATE: 'Create.',
  READ: 'Sensitive read.',
  UPDATE: 'Update.',
  DELETE: 'Delete.',
  LOGIN: 'Sign-in that begins a session.',
  LOGOUT: 'Sign-out that ends a session.',
  LOGIN_FAILURE: 'Failed sign-in.',
  ACCOUNT_LOCKED: 'Account lock after too many failed sign-ins.',
  IMPERSONATE: 'Impersonation.',
};
const outcomeTexts: Record<AuditOutcome, string> = {
  SUCCESS: 'Succeeded.',
  DENIED: 'Refused.',
  ERROR: 'Failed to decide, which refuses.',
};
const actorKindTexts: Record<ActorKind, string> = {
  USER: 'A user.',
  SERVICE_ACCOUNT: 'A service account.',
  SYSTEM: 'The gateway itself.',
  ANONYMOUS: 'A caller who did not sign in.',
};
const describe = <T extends string>(names: readonly T[], texts: Record<T, string>) =>
  Object.fromEntries(names.map((name) => [name, { description: texts[name] }])) as Record<T, { description: string }>;

export const AuditKindEnum = builder.enumType('AuditKind', {
  description: 'Kind of an audit event.',
  values: describe(auditTypes, kindTexts),
});
export const AuditOutcomeEnum = builder.enumType('AuditOutcome', {
  description: 'Outcome of an action.',
  values: describe(auditOutcomes, outcomeTexts),
});
export const ActorKindEnum = builder.enumType('ActorKind', {
  description: 'Kind of actor.',
  values: describe(actorKinds, actorKindTexts),
});

export const AuditEventWhere = builder.inputType('AuditEventWhere', {
  description: 'Filter. All given fields must match.',
  fields: (t) => ({
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    under: t.string({ description: 'This namespace and all below it.' }),
    resource: t.field({ type: [ResourceNameEnum], description: 'Any of these resources.' }),
    object: t.id({ description: 'ID of the object, which can be deleted.' }),
    flowId: t.string({
      description:
        'Exactly this flow of namespaceName: its own events, and those of its triggers and executions. Refusals name an object by ID only: use object to find them.',
    }),
    executionId: t.string({
      description:
        'Exactly this execution, by the ID of the orchestrator: its own events, and those whose details name it, such as its replay.',
    }),
    details: t.stringList({
      description: `Details as KEY:VALUE, such as cause:SIGN_OUT. All must match. VALUE is a whole text, number or boolean. Nested keys are joined with a dot: session.method:PASSWORD. At most ${maxDetails}.`,
    }),
    actor: t.id({ description: 'ID of the user or service account, which can be deleted.' }),
    actorName: t.string({ description: 'Exactly this name of the actor.' }),
    actorKind: t.field({ type: [ActorKindEnum], description: 'Any of these kinds of actor.' }),
    kind: t.field({ type: [AuditKindEnum], description: 'Any of these kinds.' }),
    action: t.string({ description: 'Exactly this action, such as group.update.' }),
    outcome: t.field({ type: [AuditOutcomeEnum], description: 'Any of these outcomes.' }),
    requestId: t.string({ description: 'Exactly this request ID.' }),
    from: t.field({ type: 'DateTime', description: 'At or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Before this time.' }),
    text: t.string({
      description: 'Text in the action, object, actor, reason or visible patch, case-insensitive.',
    }),
  }),
});
export type AuditFilter = typeof AuditEventWhere.$inferInput;

/** @param chains the chains to read, which limit the patches that the viewer can search. */
export function toCondition(filter: AuditFilter, context: Context, chains: readonly string[]): Condition {
  const any = (values: readonly unknown[] | null | undefined, column: string): Condition =>
    values == null ? {} : { [column]: { in: [...values] } };
  return {
    AND: [
      filter.namespaceName != null ? { namespace: filter.namespaceName } : {},
      filter.under != null ? within(filter.under) : {},
      any(filter.resource, 'resource'),
      filter.object != null
        ? {
            resourceId: decodeId(
              String(filter.object),
              nodeTypes().map(({ typename }) => typename),
              ['where', 'object'],
            ).id,
          }
        : {},
      filter.actor != null
        ? { actorId: decodeId(String(filter.actor), ['User', 'ServiceAccount'], ['where', 'actor']).id }
        : {},
      filter.actorName == null
        ? {}
        : mayAskByName(context, filter.actorName)
          ? { actorName: filter.actorName }
          : nothing,
      any(filter.actorKind, 'actorKind'),
      filter.flowId != null ? ofFlow(filter.flowId, filter.namespaceName) : {},
      filter.executionId != null ? ofExecution(filter.executionId, context) : {},
      ...detailsIn(filter.details ?? []).map((detail) => withDetail(detail, context)),
      any(filter.kind, 'type'),
      filter.action != null ? { action: filter.action } : {},
      any(filter.outcome, 'outcome'),
      filter.requestId != null ? { requestId: filter.requestId } : {},
      filter.from != null ? { at: { gte: filter.from } } : {},
      filter.until != null ? { at: { lt: filter.until } } : {},
      filter.text != null ? containing(filter.text, context, chains) : {},
    ],
  };
}

function containing(text: string, context: Context, chains: readonly string[]): Condition {
  const contains = { contains: escapeLike(text), mode: 'insensitive' };
  const shown = chains.flatMap((chain) => patchReach(context, chain));
  const patch = shown.length === 0 ? nothing : { AND: [searchablePatch(context, contains), { OR: shown }] };
  const names = searchableField(context, 'username', contains) ? [searchable(context, 'actorName', contains)] : [];
  return {
    OR: [
      { action: contains },
      ...['resourceKey', 'reason'].map((column) => searchable(context, column, contains)),
      ...names,
      patch,
    ],
  };
}
