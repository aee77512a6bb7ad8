import { type ActorKind, actorKinds } from '../../../access/actor.ts';
import { type ResourceName, resourceNames } from '../../../access/catalog.ts';
import { type AuditOutcome, type AuditType, auditOutcomes, auditTypes } from '../../../audit/event.ts';
import { GatehouseError, type Issue } from '../../../errors.ts';
import { instantFrom } from '../../../lib/day.ts';
import { storable } from '../../../lib/text.ts';
import type { ExportRequest } from './export.ts';
import type { AuditFilter } from './where.ts';

const texts = [
  'namespaceName',
  'under',
  'object',
  'flowId',
  'executionId',
  'actor',
  'actorName',
  'action',
  'requestId',
  'text',
] as const;
const lists = { resource: resourceNames, actorKind: actorKinds, kind: auditTypes, outcome: auditOutcomes } as const;
const instants = ['from', 'until'] as const;

/**
 * Parses the query of an export: `format`, `after`, and the fields of AuditEventWhere. @throws BAD_INPUT with all
 * faults.
 */
export function exportQuery(query: URLSearchParams): Omit<ExportRequest, 'tenant'> {
  const issues: Issue[] = [];
  const known = new Set<string>(['format', 'after', ...texts, 'details', ...Object.keys(lists), ...instants]);
  for (const name of new Set(query.keys()))
    if (!known.has(name)) issues.push({ path: [name], message: 'This filter does not exist.' });
  const one = (name: string): string | undefined => {
    const [value, second] = query.getAll(name);
    if (second !== undefined) issues.push({ path: [name], message: 'Set it at most once.' });
    if (value !== undefined && (value === '' || storable(value) !== value))
      issues.push({ path: [name], message: 'Not a valid text.' });
    return value;
  };
  const filter: Record<string, unknown> = {};
  for (const name of texts) {
    const value = one(name);
    if (value !== undefined) filter[name] = value;
  }
  for (const [name, allowed] of Object.entries(lists)) {
    const values = query.getAll(name).flatMap((value) => value.split(','));
    const wrong = values.find((value) => !(allowed as readonly string[]).includes(value));
    if (wrong !== undefined) issues.push({ path: [name], message: `Must be one of ${allowed.join(', ')}.` });
    if (values.length > 0) filter[name] = values as ResourceName[] | ActorKind[] | AuditType[] | AuditOutcome[];
  }
  const details = query.getAll('details');
  if (details.some((detail) => storable(detail) !== detail))
    issues.push({ path: ['details'], message: 'Not a valid text.' });
  if (details.length > 0) filter['details'] = details;
  for (const name of instants) {
    const value = one(name);
    if (value === undefined) continue;
    const instant = instantFrom(value);
    if (!instant)
      issues.push({ path: [name], message: 'Not an ISO 8601 date and time, such as 2026-01-31T12:00:00Z.' });
    else filter[name] = instant;
  }
  const format = one('format') ?? 'ndjson';
  if (format !== 'ndjson' && format !== 'csv') issues.push({ path: ['format'], message: 'Must be ndjson or csv.' });
  const after = one('after');
  if (issues.length > 0) throw new GatehouseError('BAD_INPUT', 'The query of the export is invalid.', { issues });
  return { format: format as 'ndjson' | 'csv', filter: filter as AuditFilter, after };
}
