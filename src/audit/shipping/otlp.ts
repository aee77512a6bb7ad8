import type { Destination } from '../../config.ts';
import type { AuditEvent } from '../../db/generated/client.ts';
import { canonicalJson } from '../../lib/json.ts';
import { post, type Taken, type Target } from './target.ts';

/** Severity numbers of OpenTelemetry's log data model. */
const severities: Record<string, readonly [number, string]> = {
  SUCCESS: [9, 'INFO'],
  DENIED: [13, 'WARN'],
  ERROR: [17, 'ERROR'],
};

const nanos = (at: Date): string => `${BigInt(at.getTime()) * 1_000_000n}`;

/** Uses the names of OpenTelemetry's semantic conventions where they exist. */
function attributesOf(event: AuditEvent) {
  const values: Record<string, string | null> = {
    'user.id': event.actorId,
    'user.name': event.actorName,
    'client.address': event.ip,
    'gatehouse.event.id': event.id,
    'gatehouse.event.seq': String(event.seq),
    'gatehouse.event.hash': event.hash,
    'gatehouse.event.prev_hash': event.prevHash,
    'gatehouse.event.type': event.type,
    'gatehouse.event.outcome': event.outcome,
    'gatehouse.tenant.id': event.tenantId,
    'gatehouse.tenant.key': event.tenantKey,
    'gatehouse.namespace': event.namespace,
    'gatehouse.resource': event.resource,
    'gatehouse.resource.id': event.resourceId,
    'gatehouse.resource.key': event.resourceKey,
    'gatehouse.actor.kind': event.actorKind,
    'gatehouse.impersonator.id': event.impersonatorId,
    'gatehouse.impersonator.name': event.impersonatorName,
    'gatehouse.request.id': event.requestId,
    'gatehouse.decision.id': event.decisionId,
    'gatehouse.policy': event.policy,
    'gatehouse.reason': event.reason,
    'gatehouse.patch': event.patch === null ? null : canonicalJson(event.patch),
    'gatehouse.revert_patch': event.revertPatch === null ? null : canonicalJson(event.revertPatch),
    'gatehouse.details': event.details === null ? null : canonicalJson(event.details),
  };
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function recordOf(event: AuditEvent) {
  const [severityNumber, severityText] = severities[event.outcome]!;
  return {
    timeUnixNano: nanos(event.at),
    observedTimeUnixNano: nanos(new Date()),
    severityNumber,
    severityText,
    eventName: event.action,
    body: { stringValue: `${event.actorName} ${event.action} ${event.resourceKey}: ${event.outcome}` },
    attributes: attributesOf(event),
  };
}

/** Parses the collector's response to a batch of `count` events. @throws if it is not a valid OTLP response. */
function takenOf(answer: string, count: number): Taken {
  if (answer === '') return {};
  let partial: { rejectedLogRecords?: unknown; errorMessage?: unknown } | null | undefined;
  try {
    partial = (JSON.parse(answer) as { partialSuccess?: typeof partial } | null)?.partialSuccess;
  } catch {
    throw new Error('the response is not valid JSON');
  }
  const rejected = Math.min(count, Math.trunc(Number(partial?.rejectedLogRecords ?? 0)));
  if (!(rejected > 0)) return {};
  const why = partial?.errorMessage;
  return { rejected, why: typeof why === 'string' && why !== '' ? why : 'no reason given' };
}

/** Sends logs as OTLP over HTTP with JSON, to `/v1/logs` of the URL. Rejected events are counted and not sent again. */
export const otlpTarget = ({ url, secret }: Extract<Destination, { to: 'otlp' }>): Target => ({
  async send(events, signal) {
    const body = JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'gatehouse' } }] },
          scopeLogs: [{ scope: { name: 'gatehouse.audit' }, logRecords: events.map(recordOf) }],
        },
      ],
    });
    const headers = secret === undefined ? {} : { authorization: secret };
    const answer = await post(`${url.replace(/\/$/, '')}/v1/logs`, body, headers, signal);
    return takenOf(answer, events.length);
  },
});
