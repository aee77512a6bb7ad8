import { within } from '../../../access/where.ts';
import { type AuditOutcome, type AuditType, auditOutcomes, auditTypes } from '../../../audit/event.ts';
import { builder } from '../../../graphql/builder.ts';
import { nothing } from '../../../graphql/connection/connection.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId, nodeTypes } from '../../../graphql/node.ts';
import { mayAskByName, searchable, searchableField, searchablePatch } from '../../../graphql/personal.ts';
import { ResourceNameEnum } from '../../../graphql/resource-enum.ts';
import { escapeLike } from '../../../lib/text.ts';
import { patchReach } from './patches.ts';

const typeTexts: Record<AuditType, string> = {
  CREATE: 'Something was created.',
  READ: 'Something sensitive was read.',
  UPDATE: 'Something was changed.',
  DELETE: 'Something was deleted.',
  LOGIN_FAILURE: 'A sign-in failed.',
  ACCOUNT_LOCKED: 'Too many sign-ins failed.',
  IMPERSONATE: 'Somebody acted as somebody else.',
};
const outcomeTexts: Record<AuditOutcome, string> = {
  SUCCESS: 'It was done.',
  DENIED: 'It was refused.',
  ERROR: 'It could not be decided, and so was not done.',
};
const describe = <T extends string>(names: readonly T[], texts: Record<T, string>) =>
  Object.fromEntries(names.map((name) => [name, { description: texts[name] }])) as Record<T, { description: string }>;

export const AuditTypeEnum = builder.enumType('AuditType', {
  description: 'What kind of thing happened.',
  values: describe(auditTypes, typeTexts),
});
export const AuditOutcomeEnum = builder.enumType('AuditOutcome', {
  description: 'How it ended.',
  values: describe(auditOutcomes, outcomeTexts),
});

export const AuditEventWhere = builder.inputType('AuditEventWhere', {
  description: 'Which audit events. All that is given must hold.',
  fields: (t) => ({
    namespace: t.string({ description: 'In exactly this namespace.' }),
    under: t.string({ description: 'In this namespace or below.' }),
    resource: t.field({ type: [ResourceNameEnum], description: 'About one of these.' }),
    object: t.id({ description: 'About this very object, which may be gone.' }),
    actor: t.id({ description: 'Done by this user or service account, which may be gone.' }),
    actorName: t.string({ description: 'Done by somebody of exactly this name.' }),
    type: t.field({ type: [AuditTypeEnum], description: 'Of one of these types.' }),
    action: t.string({ description: 'Exactly this action, such as group.update.' }),
    outcome: t.field({ type: [AuditOutcomeEnum], description: 'With one of these outcomes.' }),
    requestId: t.string({ description: 'Of this request.' }),
    from: t.field({ type: 'DateTime', description: 'At this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Before this instant.' }),
    text: t.string({
      description:
        'Action, object, actor, reason or (as far as the viewer may see it) the patch contains this, in any case.',
    }),
  }),
});
export type AuditFilter = typeof AuditEventWhere.$inferInput;

/** @param chains the chains that are read, for what the viewer may search of their patches. */
export function toCondition(filter: AuditFilter, context: Context, chains: readonly string[]): Condition {
  const any = (values: readonly unknown[] | null | undefined, column: string): Condition =>
    values == null ? {} : { [column]: { in: [...values] } };
  return {
    AND: [
      filter.namespace != null ? { namespace: filter.namespace } : {},
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
      any(filter.type, 'type'),
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
