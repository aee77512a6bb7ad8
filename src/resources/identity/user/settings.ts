import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import { patchesOf } from '../../../audit/diff.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { User } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, GatehouseError } from '../../../errors.ts';
import { type Json, toJson } from '../../../lib/json.ts';
import { find } from '../../../policy/session/find.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { tenantKey } from '../../rules.ts';
import { auditFilters, maxFilters } from './audit-filters.ts';
import { savedViews } from './saved-views.ts';

const line = (length: number) =>
  z
    .string()
    .min(1, 'The value cannot be empty.')
    .max(length, `At most ${length} characters.`)
    .regex(/^[^\p{Cc}]*$/u, 'No control characters.');

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
};
const isLanguage = (tag: string): boolean => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
};

const editor = z.strictObject({
  fontSize: z.int().min(6, 'At least 6.').max(72, 'At most 72.').nullable(),
  fontFamily: line(100).nullable(),
  theme: z.enum(['light', 'dark', 'same']).nullable(),
  foldTasks: z.boolean().nullable(),
  wordWrap: z.boolean().nullable(),
});

/** Settings of a user for frontends. Null deletes a setting. */
const settings = z.strictObject({
  theme: z.enum(['light', 'dark', 'system']).nullable(),
  timeZone: line(100).refine(isTimeZone, 'Unknown time zone. Use an IANA name such as Europe/Berlin.').nullable(),
  language: line(35).refine(isLanguage, 'Unknown language. Use a tag such as en or de-AT.').nullable(),
  dateFormat: line(50).nullable(),
  pageSize: z.int().min(1, 'At least 1.').max(1_000, 'At most 1,000.').nullable(),
  defaultTenant: tenantKey.nullable(),
  defaultNamespace: namespaceName.nullable(),
  logLevel: z.enum(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR']).nullable(),
  logDisplay: z.enum(['expanded', 'collapsed', 'failed']).nullable(),
  refreshSeconds: z.int().min(1, 'At least 1 second.').max(3_600, 'At most an hour.').nullable(),
  editor: editor.partial().nullable(),
  auditFilters: auditFilters.nullable(),
  views: savedViews.nullable(),
});

/** Input of an update: any of the settings. */
export const settingsChange = settings.partial();
export type SettingsChange = z.infer<typeof settingsChange>;

type Values = Readonly<Record<string, unknown>>;

/** Merges a change into the current settings, key by key, also within nested settings. Null deletes a key. */
export const mergeSettings = (present: Values, change: Values): Record<string, Json> => merge(present, change, 1);

function merge(present: Values, change: Values, depth: number): Record<string, Json> {
  const merged: Record<string, Json> = { ...(present as Record<string, Json>) };
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else if (depth > 0 && typeof value === 'object' && !Array.isArray(value)) {
      const part = merge((present[key] ?? {}) as Values, value as Values, depth - 1);
      if (Object.keys(part).length > 0) merged[key] = part;
      else delete merged[key];
    } else merged[key] = value as Json;
  }
  return merged;
}

/**
 * Updates the caller's settings.
 * @param maxPage max page size of this gateway.
 * @throws FORBIDDEN while impersonating.
 */
export async function updateMySettings(
  tx: Tx,
  grant: Grant<'USER:READ'>,
  change: SettingsChange,
  maxPage: number,
): Promise<Record<string, Json>> {
  const { doer } = grant;
  if (doer.impersonator)
    throw new GatehouseError('FORBIDDEN', 'Settings cannot be changed while impersonating. Sign in as their owner.');
  if ((change.pageSize ?? 0) > maxPage)
    throw badInput(['input', 'settings', 'pageSize'], `pageSize can be at most ${maxPage} on this gateway.`);
  const user = await find<User>(tx, grant, 'USER', doer.id);
  const stored = await tx.userSettings.findUnique({ where: { userId: user.id } });
  const before = (stored?.settings ?? {}) as Record<string, Json>;
  const after = mergeSettings(before, change);
  if (Object.keys(after['auditFilters'] ?? {}).length > maxFilters)
    throw badInput(['input', 'settings', 'auditFilters'], `At most ${maxFilters} filters can be saved.`);
  if (Object.keys(after['views'] ?? {}).length > maxFilters)
    throw badInput(['input', 'settings', 'views'], `At most ${maxFilters} views can be saved.`);
  const patches = patchesOf(toJson({ settings: before }), toJson({ settings: after }));
  if (!patches) return after;
  const data = { settings: after as object, updatedAt: new Date() };
  await tx.userSettings.upsert({ where: { userId: user.id }, create: { userId: user.id, ...data }, update: data });
  // Not by `record`: settings have no effect on access.
  append(tx, {
    ...envelope(doer),
    tenantId: '',
    tenantKey: '',
    type: 'UPDATE',
    action: 'user.update-settings',
    outcome: 'SUCCESS',
    resource: 'USER',
    resourceId: user.id,
    resourceKey: user.username,
    namespace: '',
    decisionId: grant.decisionId,
    ...patches,
    patchText: JSON.stringify(patches.patch),
  });
  return after;
}
