import { isResource } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import { resourceDefinition } from '../../../access/resource.ts';
import { recordedIn } from '../../../audit/record.ts';
import { type Change, stateBefore, undoableActions, undoOf } from '../../../audit/undo.ts';
import type { AuditEvent } from '../../../db/generated/client.ts';
import { badInput, notFound } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import type { Target } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import { maySeePatch } from './patches.ts';

/** Returns the event, if the caller can read it and its changes. Otherwise the same error as for a missing event. */
async function readable(context: Context, globalId: string): Promise<AuditEvent> {
  const { id } = decodeId(globalId, ['AuditEvent'], ['input', 'event']);
  const event = await context.db.auditEvent.findFirst({ where: { id } });
  const tenantId = event === null ? '' : event.tenantId === '' ? undefined : event.tenantId;
  const grant = context.session.may('AUDITLOG:READ', { tenantId });
  if (!event || !grant?.matches({ ...event }) || !maySeePatch(context, { ...event })) throw notFound('The event');
  return event;
}

const idsIn = ({ details }: AuditEvent): Record<string, string> =>
  ((details as { ids?: Record<string, string> } | null)?.ids ?? {}) as Record<string, string>;

async function changeOf(context: Context, event: AuditEvent): Promise<Change> {
  const { tenantId, resourceId } = event;
  const tenant =
    tenantId === ''
      ? null
      : await context.db.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
  if (tenantId !== '' && !tenant) throw notFound('The tenant');
  return { event, tenant, id: resourceId, before: stateBefore(event), ids: idsIn(event) };
}

/** Suggests an alternative. */
function notUndone({ action, resource }: AuditEvent): string {
  const instead = isResource(resource) ? resourceDefinition(resource)?.instead : undefined;
  const others = instead ?? `these can be undone: ${undoableActions().join(', ')}`;
  return `An event of ${action} cannot be undone: ${others}.`;
}

async function target(
  { event: given }: { event: string | number },
  context: Context,
): Promise<Target & { readonly id: string }> {
  const event = await readable(context, String(given));
  const undo = event.outcome === 'SUCCESS' ? undoOf(event.action) : undefined;
  if (!undo)
    throw badInput(
      ['input', 'event'],
      event.outcome === 'SUCCESS'
        ? notUndone(event)
        : `Only a successful change can be undone. The outcome of this one is ${event.outcome}.`,
    );
  const { tenant } = await changeOf(context, event);
  context.session.note = `undo of event ${event.id}`;
  const scope = { ...(tenant && { tenantId: tenant.id }), ...(undo.part && { part: undo.part }) };
  return { scope, tenant, id: event.id, permission: undo.permission };
}

mutation('undoChange', {
  description:
    'Undoes one change of access, of a tenant, a namespace or a user. It requires the permissions and follows the rules of the mutation that reverses the change. CONFLICT if the object was changed again since. A deleted object gets a new ID and is restored without its dependents. The undo records its own events and can be undone.',
  permission: 'AUDITLOG:READ',
  feedsAccess: true,
  input: (t) => ({ event: t.id({ required: true, description: 'Audit event of the change.' }) }),
  target: (input, context) => target(input, context),
  async run(tx, grant, _input, { id }, context) {
    const event = await context.db.auditEvent.findFirstOrThrow({ where: { id } });
    await undoOf(event.action)!.run(tx, grant as unknown as Grant<never>, await changeOf(context, event));
    return recordedIn(tx).map((draft) => globalId('AuditEvent', draft.id));
  },
  payload: (t) => ({
    eventIds: t.idList({
      description: 'IDs of the events of the undo.',
      resolve: ({ result }) => [...result],
    }),
  }),
});
