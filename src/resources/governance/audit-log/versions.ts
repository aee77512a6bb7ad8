import { stringify } from 'yaml';
import { isResource } from '../../../access/catalog.ts';
import { resourceDefinition } from '../../../access/resource.ts';
import { patched } from '../../../audit/diff.ts';
import type { AuditEvent, PrismaClient } from '../../../db/generated/client.ts';
import { badInput, GatehouseError, notFound } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId } from '../../../graphql/node.ts';
import { shownKey, shownPatch } from '../../../graphql/personal.ts';
import { type NamedText, unifiedDiff } from '../../../lib/text-diff.ts';
import { maySeePatch } from './patches.ts';

const batch = 1_000;

interface Step {
  readonly path: string;
  readonly value?: unknown;
}

/**
 * True for a change of the object itself, not of a part such as a member of a group. Parts are added and removed by
 * UPDATE.
 */
function isOwn({ resource, type, patch }: Pick<AuditEvent, 'resource' | 'type' | 'patch'>): boolean {
  if (type !== 'UPDATE') return true;
  const audited = (isResource(resource) && resourceDefinition(resource)?.audited) || [];
  return (patch as unknown as readonly Step[]).every(({ path }) => audited.includes(path.split('/')[1] ?? ''));
}

/**
 * The object right after (or before) one of its events, rebuilt from events; null if it did not exist.
 * @throws EXPIRED if the required events are no longer kept.
 */
async function stateAt(
  db: PrismaClient,
  { tenantId, resource, resourceId }: AuditEvent,
  upTo: bigint,
): Promise<unknown> {
  let state: unknown = null;
  let isTold = false;
  for (let after = 0n; ; ) {
    const events = await db.auditEvent.findMany({
      where: {
        tenantId,
        resource,
        resourceId,
        outcome: 'SUCCESS',
        seq: { gt: after, lte: upTo },
        NOT: { patchText: '' },
      },
      orderBy: { seq: 'asc' },
      take: batch,
      select: { seq: true, resource: true, type: true, patch: true },
    });
    for (const event of events.filter(isOwn)) {
      const next = patched(state, event.patch);
      isTold ||= (event.patch as unknown as readonly Step[])[0]?.path === '';
      if (next === undefined || !isTold)
        throw new GatehouseError('EXPIRED', 'The audit events of this object are no longer kept.');
      state = next;
    }
    if (events.length < batch) return state;
    after = events.at(-1)!.seq;
  }
}

/** As this viewer sees it, as YAML with its fields in order. */
function textOf(context: Context, event: AuditEvent, state: unknown): string {
  if (state === null) return '';
  const [step] = shownPatch(context, event, [{ op: 'replace', path: '', value: state }]) as Step[];
  return stringify(step!.value, { sortMapEntries: true, lineWidth: 0 });
}

/** Content of a patch for a part: the whole part, or the changed fields. */
function partIn(patch: unknown): unknown {
  const steps = patch as readonly Step[];
  return steps[0]?.path === ''
    ? steps[0].value
    : Object.fromEntries(steps.map(({ path, value }) => [path.slice(1), value]));
}

async function version(context: Context, event: AuditEvent, upTo: bigint): Promise<NamedText> {
  const state = await stateAt(context.db, event, upTo);
  const name = `${shownKey(context, event)} (${state === null ? 'absent' : `event ${upTo}`})`;
  return { name, text: textOf(context, event, state) };
}

/** Another event of the same object that the viewer can read. */
async function earlier(context: Context, event: AuditEvent, since: string): Promise<AuditEvent> {
  const { id } = decodeId(since, ['AuditEvent'], ['since']);
  const found = await context.db.auditEvent.findFirst({ where: { id } });
  const { tenantId, resource, resourceId } = event;
  const isSame = found?.tenantId === tenantId && found.resource === resource && found.resourceId === resourceId;
  const grant = context.session.may('AUDITLOG:READ', { tenantId: tenantId === '' ? undefined : tenantId });
  if (!isSame || !grant?.matches({ ...found })) throw notFound('The event `since` of the same object');
  if (found.seq > event.seq) throw badInput(['since'], 'This event is later. Use an earlier event.');
  return found;
}

/**
 * Unified diff of an object's YAML: by this event alone, or since another one.
 * @returns null if the viewer cannot see the changes, if there are none, or if it takes too long.
 */
export async function differenceOf(context: Context, event: AuditEvent, since?: string | null): Promise<string | null> {
  if (event.patch === null && since == null) return null;
  if (!maySeePatch(context, { ...event })) return null;
  if (since == null && !isOwn(event)) {
    const [name, place] = [shownKey(context, event), `event ${event.seq}`];
    const text = (patch: unknown) => textOf(context, event, partIn(patch));
    return unifiedDiff(
      context.session.accountId,
      { name: `${name} (before ${place})`, text: text(event.revertPatch) },
      { name: `${name} (${place})`, text: text(event.patch) },
    );
  }
  const from = since == null ? event.seq - 1n : (await earlier(context, event, since)).seq;
  const [before, after] = [await version(context, event, from), await version(context, event, event.seq)];
  return before.text === after.text ? null : unifiedDiff(context.session.accountId, before, after);
}
