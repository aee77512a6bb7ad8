import { z } from 'zod';
import { resourceNames } from '../../../access/catalog.ts';
import { auditOutcomes, auditTypes } from '../../../audit/event.ts';
import { tenantKey } from '../../rules.ts';

const text = z.string().min(1, 'This is never empty.').max(500, 'At most 500 characters.');
const instant = z.iso.datetime({ offset: true, error: 'This is no instant (ISO 8601).' });

/** The fields of AuditEventWhere, as JSON has them. */
const where = z.strictObject({
  namespace: text.optional(),
  under: text.optional(),
  resource: z.array(z.enum(resourceNames)).min(1).optional(),
  object: text.optional(),
  actor: text.optional(),
  actorName: text.optional(),
  type: z.array(z.enum(auditTypes)).min(1).optional(),
  action: text.optional(),
  outcome: z.array(z.enum(auditOutcomes)).min(1).optional(),
  requestId: text.optional(),
  from: instant.optional(),
  until: instant.optional(),
  text: text.optional(),
});

export const maxFilters = 100;
const name = z
  .string()
  .min(1, 'A filter has a name.')
  .max(100, 'At most 100 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'No control characters.')
  .refine((given) => given !== '__proto__', 'This name is reserved.');

/** Filters of audit events that a person saved, by the names that they gave them; null takes one back. */
export const auditFilters = z.record(name, z.strictObject({ tenant: tenantKey.optional(), where }).nullable());
