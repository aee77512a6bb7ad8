/**
 * The floor of a mutation: the same change of a row, decision record and audit event, by hand on the driver. It sends
 * what does not depend on an answer together: two round trips for a change.
 */
import { createServer } from 'node:http';
import pg from 'pg';
import { contentOf, digestOf } from '../../../../src/audit/event.ts';
import { newId } from '../../../../src/lib/ids.ts';
import type { Change } from '../changes.ts';
import { place } from '../documents.ts';
import { hashOf, idOf } from './hand.ts';

const { port, databaseUrl, token } = place();
const pool = new pg.Pool({ connectionString: databaseUrl, max: 20, pipeline: true } as pg.PoolConfig);
const admin = (await pool.query(`SELECT id FROM "User" WHERE username = 'admin'`)).rows[0].id as string;
const tenantId = (await pool.query(`SELECT id FROM "Tenant" WHERE key = 'main'`)).rows[0].id as string;
const known = new Map([[hashOf(token), { id: admin, name: 'admin' }]]);
await pool.query(`INSERT INTO "AccessContent" (digest, content) VALUES ('floor', '{}') ON CONFLICT DO NOTHING`);

interface Work {
  readonly resource: 'GROUP' | 'NAMESPACE' | 'TRIGGER';
  readonly table: string;
  readonly action: string;
  readonly set: string;
  readonly field: string;
  readonly key: string;
  answer(row: any): object;
}
const id = (type: string) => (row: any) => ({
  id: idOf(type, row.id),
  name: row.name ?? row.namespace,
  description: row.description,
});
const works: Record<Change, Work> = {
  updateGroup: {
    ...{ resource: 'GROUP', table: 'Group', action: 'group.update', key: 'name', field: 'description' },
    set: 'description = $2',
    answer: (row) => ({ updateGroup: { group: id('Group')(row) } }),
  },
  updateNamespace: {
    ...{
      resource: 'NAMESPACE',
      table: 'Namespace',
      action: 'namespace.update',
      key: 'namespace',
      field: 'description',
    },
    set: 'description = $2',
    answer: (row) => ({ updateNamespace: { namespace: id('Namespace')(row) } }),
  },
  restartTriggers: {
    ...{ resource: 'TRIGGER', table: 'Trigger', action: 'trigger.restart', key: 'triggerId', field: 'nextExecutionAt' },
    set: `"evaluationStartedAt" = NULL, "workerId" = NULL, sequence = sequence + 1, version = version + 1, "nextExecutionAt" = $2`,
    answer: (row) => ({
      restartTriggers: { results: [{ trigger: { id: idOf('Trigger', row.id), disabled: row.disabled } }] },
    }),
  },
};

async function change(
  name: Change,
  input: any,
  caller: { readonly id: string; readonly name: string },
): Promise<object> {
  const { resource, table, action, set, field, key, answer } = works[name];
  const encoded = input.id ?? input.triggers[0].id;
  const rowId = Buffer.from(encoded, 'base64').toString().split(':')[1]!;
  const client = await pool.connect();
  try {
    const [, { rows }] = await Promise.all([
      client.query('BEGIN'),
      client.query({
        name: `lock ${table}`,
        text: `SELECT * FROM "${table}" WHERE id = $1 FOR UPDATE`,
        values: [rowId],
      }),
    ]);
    const [before] = rows;
    const at = new Date().toISOString();
    const value = field === 'description' ? input.description : at;
    const decisionId = newId();
    const patch = [{ op: 'replace', path: `/${field}`, value }];
    const draft = {
      ...{
        id: newId(),
        at,
        tenantId,
        tenantKey: 'main',
        type: 'UPDATE',
        action,
        outcome: 'SUCCESS',
        actorKind: 'USER',
      },
      ...{ actorId: caller.id, actorName: caller.name, impersonatorId: '', impersonatorName: '', resource },
      ...{
        resourceId: rowId,
        resourceKey: before[key],
        namespace: before.namespace ?? '',
        requestId: newId(),
        decisionId,
      },
      ...{ patch, revertPatch: [{ ...patch[0], value: before[field] }], patchText: JSON.stringify(patch) },
    };
    const event = { ...draft, digest: digestOf(contentOf(draft)) };
    const request = { id: caller.id, kind: 'USER', name: caller.name, env: { now: at, requestId: draft.requestId } };
    const reviews = [{ before, after: { ...before, [field]: value }, lookedUp: [] }];
    const [updated] = await Promise.all([
      client.query({
        name: `update ${table}`,
        text: `UPDATE "${table}" SET ${set} WHERE id = $1 RETURNING *`,
        values: [rowId, value],
      }),
      client.query({
        name: 'decision',
        text: `INSERT INTO "Decision" (id, at, "tenantId", "principalId", permission, effect, "policySet", "contentDigest", request, outcome, reviews)
          VALUES ($1, $2, $3, $4, $5, 'allow', '', 'floor', $6, '{"effect": "allow"}', $7)`,
        values: [decisionId, at, tenantId, caller.id, `${resource}:UPDATE`, request, JSON.stringify(reviews)],
      }),
      client.query({ name: 'audit', text: 'SELECT audit_append($1, $2)', values: [tenantId, JSON.stringify([event])] }),
      client.query('COMMIT'),
    ]);
    client.release();
    return answer(updated.rows[0]);
  } catch (error) {
    client.release(true);
    throw error;
  }
}

createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', async () => {
    const { query, variables } = JSON.parse(Buffer.concat(parts).toString());
    const caller = known.get(hashOf((request.headers.authorization ?? '').replace(/^Bearer /, '')));
    const name = /^mutation (\w+)/.exec(query)?.[1] as Change | undefined;
    const data = caller && name ? await change(name, variables.i, caller) : null;
    const body = JSON.stringify({ data });
    response.writeHead(caller ? 200 : 401, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
}).listen(port);
