import type { AuditEvent } from '../../../db/generated/client.ts';
import { csvRow } from '../../../lib/csv.ts';

const columns: readonly [string, (event: AuditEvent, cursor: string) => unknown][] = [
  ['seq', ({ seq }) => seq],
  ['at', ({ at }) => at.toISOString()],
  ['type', ({ type }) => type],
  ['action', ({ action }) => action],
  ['outcome', ({ outcome }) => outcome],
  ['tenant', ({ tenantKey }) => tenantKey],
  ['namespace', ({ namespace }) => namespace],
  ['resource', ({ resource }) => resource],
  ['resourceKey', ({ resourceKey }) => resourceKey],
  ['resourceId', ({ resourceId }) => resourceId],
  ['actorKind', ({ actorKind }) => actorKind],
  ['actorName', ({ actorName }) => actorName],
  ['actorId', ({ actorId }) => actorId],
  ['impersonatorName', ({ impersonatorName }) => impersonatorName],
  ['impersonatorId', ({ impersonatorId }) => impersonatorId],
  ['ip', ({ ip }) => ip],
  ['reason', ({ reason }) => reason],
  ['policy', ({ policy }) => policy],
  ['requestId', ({ requestId }) => requestId],
  ['decisionId', ({ decisionId }) => decisionId],
  ['patch', ({ patch }) => patch],
  ['details', ({ details }) => details],
  ['id', ({ id }) => id],
  ['hash', ({ hash }) => hash],
  ['cursor', (_event, cursor) => cursor],
];

export const csvHeader = csvRow(columns.map(([name]) => name));
export const csvLine = (event: AuditEvent, cursor: string): string =>
  csvRow(columns.map(([, read]) => read(event, cursor)));
