import type { Destination } from '../../config.ts';
import type { AuditEvent } from '../../db/generated/client.ts';
import { canonicalJson } from '../../lib/json.ts';
import { post, type Target } from './target.ts';

/** Severity numbers of OpenTelemetry's log data model. */
const severities: Record<string, readonly [number, string]> = {
  SUCCESS: [9, 'INFO'],
  DENIED: [13, 'WARN'],
  ERROR: [17, 'ERROR'],
};

const nanos = (at: Date): string => `${BigInt(at.getTime()) * 1_000_000n}`;

/** Names as OpenTelemetry's semantic conventions have them, where they have one. */
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

/** Logs by OTLP over HTTP with JSON, to `/v1/logs` of the URL. What a collector rejects is counted and not sent again. */
export const otlpTarget = ({ url, secret }: Extract<Destination, { to: 'otlp' }> & { secret?: string }): Target => ({
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
    const { partialSuccess } = (answer === '' ? {} : JSON.parse(answer)) as {
      partialSuccess?: { rejectedLogRecords?: string | number; errorMessage?: string };
    };
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return rejected > 0 ? { rejected, why: partialSuccess?.errorMessage ?? 'no reason given' } : {};
  },
});
