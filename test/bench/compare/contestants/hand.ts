/**
 * What Mercurius and the floors send: hand-written SQL with named statements, and loaders for child rows.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { type Place, reachSql, reachValues } from '../documents.ts';

const named = (name: string, text: string) => ({ name, text });
const statements = {
  triggers: named(
    'triggers',
    `SELECT t.id, t."triggerId", t.disabled, t."flowKey" FROM "Trigger" t WHERE ${reachSql('t')} ORDER BY t.id LIMIT 21`,
  ),
  flowsById: named('flowsById', `SELECT id, revision FROM "Flow" WHERE id = ANY($1)`),
  flows: named('flows', `SELECT f.id, f."flowId" FROM "Flow" f WHERE ${reachSql('f')} ORDER BY f.id LIMIT 21`),
  triggersOf: named(
    'triggersOf',
    `SELECT c.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL (
       SELECT id, "triggerId", "flowKey" FROM "Trigger" t WHERE t."flowKey" = p.id ORDER BY t.id LIMIT 6) c`,
  ),
  triggersWithFlow: named(
    'triggersWithFlow',
    `SELECT t.id, t."triggerId", t.disabled, f.id AS "flowKey", f.revision FROM "Trigger" t JOIN "Flow" f ON f.id = t."flowKey"
     WHERE ${reachSql('t')} ORDER BY t.id LIMIT 21`,
  ),
  flowsWithTriggers: named(
    'flowsWithTriggers',
    `SELECT f.id, f."flowId", ARRAY(SELECT t.id || ' ' || t."triggerId" FROM "Trigger" t WHERE t."flowKey" = f.id ORDER BY t.id LIMIT 6) AS triggers
     FROM "Flow" f WHERE ${reachSql('f')} ORDER BY f.id LIMIT 21`,
  ),
};

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export async function openHand({ databaseUrl, token }: Place) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const { rows } = await pool.query(`SELECT id FROM "Tenant" WHERE key = 'main'`);
  const reach = reachValues(rows[0].id);
  const known = new Map([[hashOf(token), { name: 'reader' }]]);
  return {
    pool,
    /** The signed-in caller. @throws if the token is unknown. */
    callerOf(authorization: string | undefined): { readonly name: string } {
      const caller = known.get(hashOf((authorization ?? '').replace(/^Bearer /, '')));
      if (!caller) throw new Error('UNAUTHENTICATED');
      return caller;
    },
    run: async (statement: keyof typeof statements, values: unknown[] = reach): Promise<any[]> =>
      (await pool.query({ ...statements[statement], values })).rows,
  };
}
export const idOf = (type: string, id: string): string => Buffer.from(`${type}:${id}`).toString('base64');
