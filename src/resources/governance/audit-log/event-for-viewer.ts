import { contentOf } from '../../../audit/event.ts';
import type { AuditEvent } from '../../../db/generated/client.ts';
import type { Context } from '../../../graphql/context.ts';
import { shownDetails, shownKey, shownName, shownPatch, shownText } from '../../../graphql/personal.ts';
import type { Json } from '../../../lib/json.ts';
import { maySeePatch } from './patches.ts';

/** Content of an event for this viewer: masks are applied, and patches of unreadable objects are omitted. */
export function shownEvent(context: Context, event: AuditEvent): AuditEvent {
  const isPerson = event.actorKind !== 'SERVICE_ACCOUNT' && event.actorKind !== 'SYSTEM';
  const withPatch = (event.patch === null && event.revertPatch === null) || maySeePatch(context, { ...event });
  const patch = withPatch ? (shownPatch(context, event, event.patch) as Json) : null;
  return {
    ...event,
    actorName: isPerson ? shownName(context, event.actorId, event.actorName) : event.actorName,
    impersonatorName:
      event.impersonatorName === '' ? '' : shownName(context, event.impersonatorId, event.impersonatorName),
    resourceKey: shownKey(context, event),
    reason: event.reason === null ? null : shownText(context, event.reason),
    details: shownDetails(context, event) as Json,
    patch,
    revertPatch: withPatch ? (shownPatch(context, event, event.revertPatch) as Json) : null,
    // The same patch as text, for searching: shown only with the patch.
    patchText: withPatch && contentsEqual(patch, event.patch) ? event.patchText : '',
  };
}

const contentsEqual = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** True if the viewer sees the whole event, so that its hash can be verified. */
export const isWhole = (shown: AuditEvent, event: AuditEvent): boolean => contentOf(shown) === contentOf(event);
