import type { AuditEvent } from '../../../db/generated/client.ts';

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

/**
 * A cell by RFC 4180. A value that a spreadsheet would read as a formula is prefixed by an apostrophe, as OWASP advises.
 * A line break becomes \n: an event is one line.
 */
function cell(value: unknown): string {
  if (value == null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const plain = (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll(/\r\n|\r|\n/g, '\\n');
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export const csvHeader = `${columns.map(([name]) => name).join(',')}\r\n`;
export const csvLine = (event: AuditEvent, cursor: string): string =>
  `${columns.map(([, read]) => cell(read(event, cursor))).join(',')}\r\n`;
