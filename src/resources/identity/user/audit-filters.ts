import { z } from 'zod';
import { actorKinds } from '../../../access/actor.ts';
import { resourceNames } from '../../../access/catalog.ts';
import { detailOf, detailRule, maxDetails } from '../../../audit/detail.ts';
import { auditOutcomes, auditTypes } from '../../../audit/event.ts';
import { tenantKey } from '../../rules.ts';

const text = z.string().min(1, 'The value cannot be empty.').max(500, 'At most 500 characters.');
const instant = z.iso.datetime({ offset: true, error: 'Not an ISO 8601 date and time with offset.' });

/** Fields of AuditEventWhere, in JSON. */
const where = z.strictObject({
  namespaceName: text.optional(),
  under: text.optional(),
  resource: z.array(z.enum(resourceNames)).min(1).optional(),
  object: text.optional(),
  flowId: text.optional(),
  executionId: text.optional(),
  details: z
    .array(text.refine((given) => detailOf(given) !== undefined, detailRule))
    .min(1)
    .max(maxDetails)
    .optional(),
  actor: text.optional(),
  actorName: text.optional(),
  actorKind: z.array(z.enum(actorKinds)).min(1).optional(),
  kind: z.array(z.enum(auditTypes)).min(1).optional(),
  action: text.optional(),
  outcome: z.array(z.enum(auditOutcomes)).min(1).optional(),
  requestId: text.optional(),
  from: instant.optional(),
  until: instant.optional(),
  text: text.optional(),
});

export const maxFilters = 100;
export const filterName = z
  .string()
  .min(1, 'The name of a filter cannot be empty.')
  .max(100, 'At most 100 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'No control characters.')
  .refine((given) => given !== '__proto__', 'This name is reserved. Choose another one.');

/** Saved filters of audit events, by name; null deletes a filter. */
export const auditFilters = z.record(filterName, z.strictObject({ tenantKey: tenantKey.optional(), where }).nullable());
