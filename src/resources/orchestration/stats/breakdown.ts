import type { PrismaClient } from '../../../db/generated/client.ts';
import { readSql } from '../../../db/tx.ts';
import { type Ask, conditionOf } from './count.ts';

/** A number by name. */
export interface Named {
  readonly name: string;
  readonly count: number;
}

/** Number of tasks by type, nested ones included. */
export function countTaskTypes(db: PrismaClient, { reach }: Ask, limit: number): Promise<Named[]> {
  const values: unknown[] = [];
  const flows = conditionOf('f', reach.flows, values);
  const text = `SELECT task->>'type' AS name, count(*)::float8 AS count
    FROM "Flow" f CROSS JOIN LATERAL jsonb_array_elements(f.tasks) task WHERE ${flows}
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $${values.push(limit)}`;
  return readSql<Named>(db, { text, values });
}

/** Number of triggers by a column. */
export function countTriggers(
  db: PrismaClient,
  { reach }: Ask,
  column: 'type' | 'workerGroup',
  limit: number,
): Promise<Named[]> {
  const values: unknown[] = [];
  const triggers = conditionOf('t', reach.triggers, values);
  const text = `SELECT COALESCE(t."${column}", '') AS name, count(*)::float8 AS count FROM "Trigger" t WHERE ${triggers}
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $${values.push(limit)}`;
  return readSql<Named>(db, { text, values });
}

export interface OfNamespace {
  readonly namespace: string;
  readonly flows: number;
  readonly triggers: number;
  readonly executions: number;
  readonly durationMs: number;
}

/** Figures of each namespace, by the number of executions that started in the window. */
export function countNamespaces(db: PrismaClient, { reach, window }: Ask, limit: number): Promise<OfNamespace[]> {
  const values: unknown[] = [];
  const flows = conditionOf('f', reach.flows, values);
  const triggers = conditionOf('t', reach.triggers, values);
  const executions = conditionOf('e', reach.executions, values);
  const [from, to] = [values.push(window.from), values.push(window.to)];
  const text = `SELECT namespace, sum(flows)::float8 AS flows, sum(triggers)::float8 AS triggers,
      sum(executions)::float8 AS executions, sum(ms)::float8 AS "durationMs"
    FROM (
      SELECT f.namespace, count(*) AS flows, 0 AS triggers, 0 AS executions, 0 AS ms FROM "Flow" f WHERE ${flows} GROUP BY 1
      UNION ALL SELECT t.namespace, 0, count(*), 0, 0 FROM "Trigger" t WHERE ${triggers} GROUP BY 1
      UNION ALL SELECT e.namespace, 0, 0, count(*), sum(e."durationMs") FROM "Execution" e
        WHERE e."startedAt" >= $${from} AND e."startedAt" < $${to} AND ${executions} GROUP BY 1) parts
    GROUP BY 1 ORDER BY 4 DESC, 2 DESC, 1 LIMIT $${values.push(limit)}`;
  return readSql<OfNamespace>(db, { text, values });
}
