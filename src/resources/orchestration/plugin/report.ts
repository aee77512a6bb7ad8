import { z } from 'zod';
import type { Doer } from '../../../access/grant.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError, type Issue } from '../../../errors.ts';
import { boundedJson } from '../../rules.ts';
import { reportingService } from '../worker/reporting.ts';
import type { PluginKind } from './kinds.ts';

type Given<T> = T | null | undefined;

/** A type of a task or trigger, as an engine describes it. */
export interface PluginReport {
  readonly type: string;
  readonly kind?: Given<PluginKind>;
  readonly title?: Given<string>;
  readonly description?: Given<string>;
  readonly documentation?: Given<string>;
  readonly icon?: Given<string>;
  readonly schema?: unknown;
  readonly version?: Given<string>;
  readonly deprecated?: Given<boolean>;
}

export const maxPlugins = 100;
/** Max number of types that one account can report. */
const maxOfAccount = 10_000;

const text = (length: number) =>
  z
    .string()
    .max(length, `At most ${length.toLocaleString('en')} characters are allowed.`)
    .nullish();
const rules = z.looseObject({
  type: z.string().regex(/^[A-Za-z][A-Za-z0-9_$.-]{0,254}(?![\s\S])/, {
    error: 'A type can have at most 255 characters of A-Z, a-z, 0-9, dots, _, $ and -, and must begin with a letter.',
  }),
  title: text(200),
  description: text(2_000),
  documentation: text(100_000),
  icon: z
    .string()
    .max(32_000, 'An icon can have at most 32,000 characters.')
    .regex(/^data:image\/(svg\+xml|png|webp);base64,[A-Za-z0-9+/]+=*(?![\s\S])/, {
      error: 'An icon must be a data URL of an SVG, PNG or WebP picture in base64.',
    })
    .nullish(),
  schema: boundedJson(z.record(z.string(), z.json(), 'A schema must be an object.'), 'A schema', 256).nullish(),
  version: text(100),
});

/** @throws BAD_INPUT with each fault and its place. */
function assertValid(reports: readonly PluginReport[]): void {
  if (reports.length === 0 || reports.length > maxPlugins)
    throw badInput(['input', 'plugins'], `A report must have 1 to ${maxPlugins} items.`);
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const [i, report] of reports.entries()) {
    const { error } = rules.safeParse(report);
    for (const { path, message } of error?.issues ?? [])
      issues.push({ path: ['input', 'plugins', i, ...(path as (string | number)[])], message });
    if (seen.has(report.type))
      issues.push({ path: ['input', 'plugins', i, 'type'], message: 'The type is already in this report.' });
    seen.add(report.type);
  }
  const [first] = issues;
  if (first) throw new GatehouseError('BAD_INPUT', first.message, { issues: issues.slice(0, 100) });
}

const columns = ['kind', 'title', 'description', 'documentation', 'icon', 'schema', 'version', 'deprecated'] as const;

/**
 * Stores the types that an engine knows, and replaces what it reported of them before.
 * @param complete true for the last report of a service: types that only its account reported, by earlier services, are
 *   removed.
 * @returns the number of stored and removed types.
 */
export async function reportPlugins(
  tx: Tx,
  doer: Doer,
  serviceId: string,
  reports: readonly PluginReport[],
  complete: boolean,
): Promise<{ stored: number; removed: number }> {
  assertValid(reports);
  await reportingService(tx, doer, serviceId);
  const rows = reports.map(({ kind, deprecated, ...report }) => ({
    ...report,
    kind: kind ?? 'TASK',
    deprecated: deprecated ?? false,
  }));
  // In order of type, so that two engines do not wait for each other.
  await tx.$executeRawUnsafe(
    `INSERT INTO "Plugin" (type, ${columns.join(', ')}, "reportedAt")
     SELECT type, ${columns.join(', ')}, now() FROM jsonb_populate_recordset(NULL::"Plugin", $1::jsonb) ORDER BY type
     ON CONFLICT (type) DO UPDATE SET ${columns.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}, "reportedAt" = now()`,
    JSON.stringify(rows),
  );
  await tx.$executeRaw`
    INSERT INTO "PluginReporter" (type, "principalId", "serviceId")
    SELECT type, ${doer.id}, ${serviceId} FROM unnest(${reports.map(({ type }) => type).toSorted()}::text[]) type
    ON CONFLICT (type, "principalId") DO UPDATE SET "serviceId" = EXCLUDED."serviceId"`;
  const removed = complete ? await removeFormer(tx, doer.id, serviceId) : 0;
  if ((await tx.pluginReporter.count({ where: { principalId: doer.id } })) > maxOfAccount)
    throw conflict(`An account can report at most ${maxOfAccount.toLocaleString('en')} types.`);
  return { stored: rows.length, removed };
}

/** Removes the types that only earlier services of this account reported. */
async function removeFormer(tx: Tx, principalId: string, serviceId: string): Promise<number> {
  const former = await tx.$queryRaw<{ type: string }[]>`
    DELETE FROM "PluginReporter" WHERE "principalId" = ${principalId} AND "serviceId" <> ${serviceId} RETURNING type`;
  const types = former.map(({ type }) => type);
  return tx.$executeRaw`
    DELETE FROM "Plugin" p WHERE type = ANY(${types})
      AND NOT EXISTS (SELECT FROM "PluginReporter" r WHERE r.type = p.type)`;
}
