import { fieldsOf } from '../../../access/where.ts';
import type { PrismaClient } from '../../../db/generated/client.ts';
import { toSql } from '../../../policy/filter/portable.ts';
import type { Reach, Scoped } from './reach.ts';
import { isWholeDays, type Window } from './window.ts';

/** One request for figures. */
export interface Ask {
  readonly reach: Reach;
  readonly window: Window;
}

export interface Figures {
  readonly namespaces: number;
  readonly flows: number;
  readonly tasks: number;
  readonly triggers: number;
  readonly users: number;
  readonly groups: number;
  readonly roles: number;
  readonly serviceAccounts: number;
}

/** Executions of one day in one state. */
export interface DayCount {
  readonly day: Date;
  readonly state: string;
  readonly count: number;
  readonly durationMs: number;
}

const isWholeTenant = ({ where, tenantId }: Scoped): boolean => {
  const keys = Object.keys(where);
  return keys.length === 0 || (keys.length === 1 && where['tenantId'] === tenantId);
};

/** Condition for the rows of all scopes, each restricted to its own tenant. */
export function conditionOf(alias: string, scopes: readonly Scoped[], params: unknown[]): string {
  const whole = scopes.filter(isWholeTenant).map(({ tenantId }) => tenantId);
  const bind = (value: unknown) => `$${params.push(value)}`;
  const parts = [
    ...(whole.length > 0 ? [`${alias}."tenantId" = ANY(${bind(whole)})`] : []),
    ...scopes
      .filter((scope) => !isWholeTenant(scope))
      .map(({ tenantId, where }) => `(${alias}."tenantId" = ${bind(tenantId)} AND ${toSql(where, alias, params)})`),
  ];
  return parts.length === 0 ? 'FALSE' : `(${parts.join(' OR ')})`;
}

/** The figures of all requests, in one statement. */
export async function countFigures(
  db: Pick<PrismaClient, '$queryRawUnsafe'>,
  asks: readonly Ask[],
): Promise<Figures[]> {
  const params: unknown[] = [];
  const one = ({ reach }: Ask, i: number) => {
    const count = (model: string, counted: keyof Reach, what = 'count(*) AS c', join = '') =>
      `(SELECT ${what} FROM "${model}" x ${join} WHERE ${conditionOf('x', reach[counted], params)})`;
    return `SELECT ${i} AS ask, n.c AS namespaces, f.c AS flows, f.t AS tasks, t.c AS triggers,
        u.c AS users, g.c AS groups, r.c AS roles, s.c AS "serviceAccounts"
      FROM ${count('Namespace', 'namespaces')} n,
        ${count('Flow', 'flows', 'count(*) AS c, COALESCE(sum(x."taskCount"), 0) AS t')} f,
        ${count('Trigger', 'triggers')} t,
        ${count('TenantAccess', 'users', 'count(DISTINCT p.id) AS c', 'JOIN "User" p ON p.id = x."principalId"')} u,
        ${count('Group', 'groups')} g,
        ${count('Role', 'roles')} r,
        ${count('ServiceAccount', 'serviceAccounts')} s`;
  };
  const rows = await db.$queryRawUnsafe<({ ask: number } & Record<keyof Figures, bigint>)[]>(
    asks.map(one).join('\nUNION ALL\n'),
    ...params,
  );
  const figures: Figures[] = [];
  for (const { ask, ...counts } of rows)
    figures[ask] = Object.fromEntries(
      Object.entries(counts).map(([name, value]) => [name, Number(value)]),
    ) as unknown as Figures;
  return figures;
}

/** True for a filter that also applies to the counts by day. */
const isRolledUp = ({ where }: Scoped): boolean =>
  [...fieldsOf(where)].every((field) => field === 'tenantId' || field === 'namespace');

/**
 * The executions of all requests by day (UTC) and state, in one statement. The counts by day are used for whole days
 * and filters on tenant and namespace only. Otherwise the executions are counted.
 */
export async function countExecutions(
  db: Pick<PrismaClient, '$queryRawUnsafe'>,
  asks: readonly Ask[],
): Promise<DayCount[][]> {
  const params: unknown[] = [];
  const one = ({ reach: { executions }, window }: Ask, i: number) => {
    const [from, to] = [window.from, window.to].map((at) => `$${params.push(at)}::timestamptz`);
    const rolled = isWholeDays(window) ? executions.filter(isRolledUp) : [];
    const counted = executions.filter((scope) => !rolled.includes(scope));
    const parts = [
      ...(rolled.length > 0
        ? [
            `SELECT d.day, d.state, d.count, d."durationMs" AS ms FROM "ExecutionDay" d
             WHERE d.day >= ${from} AND d.day < ${to} AND ${conditionOf('d', rolled, params)}`,
          ]
        : []),
      ...(counted.length > 0
        ? [
            `SELECT date_trunc('day', e."startedAt", 'UTC'), e.state, count(*), sum(e."durationMs") FROM "Execution" e
             WHERE e."startedAt" >= ${from} AND e."startedAt" < ${to} AND ${conditionOf('e', counted, params)}
             GROUP BY 1, 2`,
          ]
        : []),
    ];
    // Nothing can be counted. Both ends are in the statement so that its parameters have types.
    const source = parts.length > 0 ? parts.join(' UNION ALL ') : `SELECT ${from}, ''::text, 0, 0 WHERE ${to} IS NULL`;
    return `SELECT ${i} AS ask, y.day, y.state, sum(y.count)::bigint AS count, sum(y.ms)::text AS ms
      FROM (${source}) y(day, state, count, ms) GROUP BY y.day, y.state HAVING sum(y.count) > 0`;
  };
  const rows = await db.$queryRawUnsafe<{ ask: number; day: Date; state: string; count: bigint; ms: string }[]>(
    asks.map(one).join('\nUNION ALL\n'),
    ...params,
  );
  const answers: DayCount[][] = asks.map(() => []);
  for (const { ask, day, state, count, ms } of rows)
    answers[ask]!.push({ day, state, count: Number(count), durationMs: Number(ms) });
  return answers;
}
