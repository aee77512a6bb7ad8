import type { Where } from '../../../access/where.ts';
import type { PrismaClient } from '../../../db/generated/client.ts';
import { readSql } from '../../../db/tx.ts';
import { escapeLike } from '../../../lib/text.ts';
import { toSql } from '../../../policy/filter/portable.ts';
import type { PluginKind } from './kinds.ts';

/** What a viewer can read in a tenant. Undefined: nothing. */
export interface PluginReach {
  readonly tenantId: string;
  readonly flows: Where;
  readonly triggers: Where | undefined;
  readonly executions: Where | undefined;
}

/** A type that an engine reported, or that flows use. */
export interface PluginType {
  readonly type: string;
  readonly kind: PluginKind;
  readonly isReported: boolean;
  readonly flows: number;
}

export interface PluginFilter {
  readonly type?: string | null | undefined;
  readonly text?: string | null | undefined;
  readonly kind?: readonly PluginKind[] | null | undefined;
  readonly inUse?: boolean | null | undefined;
  readonly reported?: boolean | null | undefined;
}

/** The types after one, or before it, in their order. */
export interface Bounds {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly backward: boolean;
  readonly limit: number;
}

class Text {
  readonly values: unknown[] = [];
  bind = (value: unknown): string => `$${this.values.push(value)}`;
  within = (alias: string, tenantId: string, where: Where | undefined): string =>
    where ? `${alias}."tenantId" = ${this.bind(tenantId)} AND ${toSql(where, alias, this.values)}` : 'FALSE';
}

/** Each type of a task or trigger, with its flow. */
const uses = (text: Text, { tenantId, flows, triggers }: PluginReach): string => `
  SELECT task->>'type' AS type, 'TASK' AS kind, f.id AS flow
    FROM "Flow" f CROSS JOIN LATERAL jsonb_array_elements(f.tasks) task WHERE ${text.within('f', tenantId, flows)}
  UNION ALL SELECT t.type, 'TRIGGER', t."flowKey" FROM "Trigger" t WHERE ${text.within('t', tenantId, triggers)}`;

function matching(text: Text, reach: PluginReach, { type, text: search, kind, inUse, reported }: PluginFilter): string {
  const contains = search == null ? '' : text.bind(`%${escapeLike(search)}%`);
  const searched = ['p.type', 'u.type', 'p.title', 'p.description'].map((column) => `${column} ILIKE ${contains}`);
  const conditions = [
    ...(type != null ? [`COALESCE(p.type, u.type) = ${text.bind(type)}`] : []),
    ...(search != null ? [`(${searched.join(' OR ')})`] : []),
    ...(kind != null ? [`COALESCE(p.kind, u.kind) = ANY(${text.bind(kind)})`] : []),
    ...(inUse != null ? [`u.type IS ${inUse ? 'NOT NULL' : 'NULL'}`] : []),
    ...(reported != null ? [`p.type IS ${reported ? 'NOT NULL' : 'NULL'}`] : []),
  ];
  return `(SELECT COALESCE(p.type, u.type) AS type, COALESCE(p.kind, u.kind) AS kind, p.type IS NOT NULL AS "isReported",
      COALESCE(u.flows, 0) AS flows
    FROM (SELECT type, min(kind) AS kind, count(DISTINCT flow)::float8 AS flows FROM (${uses(text, reach)}) u GROUP BY 1) u
    FULL JOIN "Plugin" p ON p.type = u.type
    WHERE ${conditions.join(' AND ') || 'TRUE'}) found`;
}

/** A page of types, in their order, or in reverse. */
export function listPlugins(
  db: PrismaClient,
  reach: PluginReach,
  filter: PluginFilter,
  { after, before, backward, limit }: Bounds,
): Promise<PluginType[]> {
  const text = new Text();
  const found = matching(text, reach, filter);
  const bounds = [
    ...(after !== undefined ? [`type > ${text.bind(after)}`] : []),
    ...(before !== undefined ? [`type < ${text.bind(before)}`] : []),
  ];
  return readSql<PluginType>(db, {
    text: `SELECT * FROM ${found} WHERE ${bounds.join(' AND ') || 'TRUE'}
      ORDER BY type ${backward ? 'DESC' : 'ASC'} LIMIT ${text.bind(limit)}`,
    values: text.values,
  });
}

export async function countPlugins(db: PrismaClient, reach: PluginReach, filter: PluginFilter): Promise<number> {
  const text = new Text();
  const found = matching(text, reach, filter);
  const [row] = await readSql<{ count: number }>(db, {
    text: `SELECT count(*)::float8 AS count FROM ${found}`,
    values: text.values,
  });
  return row!.count;
}

/** When a flow that uses the type was last started, by type. One look-up for each flow. */
export async function lastRuns(
  db: PrismaClient,
  reach: PluginReach,
  types: readonly string[],
): Promise<Map<string, Date>> {
  const text = new Text();
  const used = uses(text, reach);
  const asked = text.bind(types);
  const found = await readSql<{ type: string; at: Date }>(db, {
    text: `WITH used AS MATERIALIZED (SELECT DISTINCT type, flow FROM (${used}) u WHERE type = ANY(${asked})),
      runs AS MATERIALIZED (
        SELECT f.id, run."startedAt" AS at
        FROM (SELECT DISTINCT flow FROM used) u JOIN "Flow" f ON f.id = u.flow
        CROSS JOIN LATERAL (
          SELECT e."startedAt" FROM "Execution" e
          WHERE e.namespace = f.namespace AND e."flowId" = f."flowId" AND ${text.within('e', reach.tenantId, reach.executions)}
          ORDER BY e."startedAt" DESC LIMIT 1) run)
      SELECT used.type, max(runs.at) AS at FROM used JOIN runs ON runs.id = used.flow GROUP BY 1`,
    values: text.values,
  });
  return new Map(found.map(({ type, at }) => [type, at]));
}
