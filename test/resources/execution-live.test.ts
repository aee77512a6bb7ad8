import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf, reportOf } from '../support/engine.ts';
import { addExecution, addFlow, addLog, engineId } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

const changes = `subscription($where: ExecutionWhere) {
  executions(tenantKey: "main", where: $where) { kind id execution { executionId state } } }`;
const log = `subscription($id: ID!, $minLevel: LogLevel, $after: BigInt) {
  logs(tenantKey: "main", execution: $id, minLevel: $minLevel, after: $after) { sequence level message } }`;

describe('live executions', () => {
  let world: World;
  let main: Tenant;
  let engine: Engine;
  let viewer: Client;

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    for (const namespace of ['company.x', 'company.y']) await addFlow(world, main, namespace, 'hello');
    engine = await engineOf(world, main);
    const user = await world.user('viewer', [main]);
    await world.grant(main, user, ['EXECUTION:READ'], 'company.x');
    viewer = await world.as(user, 1);
  });
  afterAll(() => world.close());

  /** Follows until it is stopped. */
  function follow(client: Client, document: string, field: string, variables: Record<string, unknown> = {}) {
    const end = new AbortController();
    const items: any[] = [];
    const errors: any[] = [];
    const done = (async () => {
      for await (const item of client.sse<any>(document, variables, end.signal)) {
        if (item.errors) errors.push(...item.errors);
        else items.push(item.data[field]);
      }
    })();
    const until = async (enough: () => boolean) => {
      for (let i = 0; i < 200 && !enough(); i += 1) await sleep(25);
    };
    const stop = async () => {
      end.abort();
      await done.catch(() => undefined);
    };
    return { items, errors, done, until, stop };
  }
  const wordsOf = (items: any[]) => items.map(({ kind, execution }) => `${kind} ${execution?.state ?? ''}`.trim());

  it("are sent within the subscriber's reach, from the gateway that receives the report", async () => {
    const [mine, foreign] = [engineId(), engineId()];
    const all = follow(viewer, changes, 'executions');
    const failed = follow(viewer, changes, 'executions', { where: { state: ['FAILED'] } });
    await sleep(500);
    await engine.report([
      reportOf(mine, 1, ['CREATED']),
      { ...reportOf(foreign, 1, ['CREATED']), namespaceName: 'company.y' },
    ]);
    await all.until(() => all.items.length >= 1);
    await engine.report([
      reportOf(mine, 2, ['CREATED', 'FAILED']),
      { ...reportOf(foreign, 2, ['FAILED']), namespaceName: 'company.y' },
    ]);
    await failed.until(() => failed.items.length >= 1);
    await engine.report([reportOf(mine, 3, ['CREATED', 'FAILED', 'RESTARTED'])]);
    await failed.until(() => failed.items.length >= 2);
    const row = await world.db.execution.findFirstOrThrow({ where: { executionId: mine } });
    await world.db.execution.deleteMany({ where: { executionId: { in: [mine, foreign] } } });
    await all.until(() => all.items.length >= 4);
    await sleep(300);
    expect(wordsOf(all.items)).toEqual(['CHANGED CREATED', 'CHANGED FAILED', 'CHANGED RESTARTED', 'REMOVED']);
    expect(new Set(all.items.map(({ id }) => id))).toEqual(new Set([idOf('Execution', row)]));
    // A subscriber who filters for failed ones receives at most its removal, without its content.
    expect(wordsOf(failed.items).slice(0, 2)).toEqual(['CHANGED FAILED', 'REMOVED']);
    await Promise.all([all.stop(), failed.stop()]);
  });

  it('include transactions that commit late', async () => {
    const [late, early] = [await addExecution(world, main, {}), await addExecution(world, main, {})];
    const all = follow(viewer, changes, 'executions');
    await sleep(500);
    const slow = new pg.Client(world.connection);
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(`UPDATE "Execution" SET state = 'FAILED' WHERE id = $1`, [late.id]);
    await world.db.execution.update({ where: { id: early.id }, data: { state: 'WARNING' } });
    await sleep(800);
    // Changes just before may be included, if other databases of the server held them back.
    const reported = () => wordsOf(all.items).filter((word) => /FAILED|WARNING/.test(word));
    // Changes after a running transaction wait for it.
    const tooEarly = reported();
    await slow.query('COMMIT');
    await slow.end();
    expect(tooEarly).toEqual([]);
    await all.until(() => reported().length >= 2);
    expect(reported()).toEqual(['CHANGED FAILED', 'CHANGED WARNING']);
    await all.stop();
  });

  it('end when the permission is revoked, and are refused with an error without it', async () => {
    const user = await world.user('leaver', [main]);
    const binding = await world.grant(main, user, ['EXECUTION:READ']);
    const all = follow(await world.as(user), changes, 'executions');
    await sleep(500);
    await world.db.binding.delete({ where: { id: binding.id } });
    await world.db.accessState.updateMany({ data: { revision: { increment: 1 } } });
    await all.done;
    expect(all.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    const again = follow(await world.as(user), changes, 'executions');
    await again.done;
    expect(again.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    const stranger = follow(await world.as(await world.user('stranger')), changes, 'executions');
    await stranger.done;
    expect(stranger.errors.map(({ extensions }) => extensions.code)).toEqual(['NOT_FOUND']);
    expect(await world.db.auditEvent.count({ where: { action: 'execution.read', outcome: 'DENIED' } })).toBe(2);
  });

  it('share one reader, do not read ahead of a slow subscriber, and lose nothing', async () => {
    const { changes: feed } = world.app.services;
    const source = { model: 'Execution', of: { tenantId: main.id }, removals: main.id, topic: 'none' };
    const from = await feed.now();
    const end = new AbortController();
    const rows: string[] = [];
    const stream = feed.follow(source, from, end.signal);
    await stream.next();
    // More than the memory buffer holds.
    for (let i = 0; i < 24; i += 1) {
      const ids = Array.from({ length: 50 }, engineId);
      rows.push(...ids);
      await engine.report(ids.map((id) => reportOf(id, 1, ['CREATED'])));
    }
    await sleep(1_200);
    const reported: string[] = [];
    const read = async (many: number, one: typeof stream) => {
      const ids: string[] = [];
      for await (const batch of one) {
        ids.push(...batch.map(({ row }) => row['executionId'] as string));
        if (ids.length >= many) break;
      }
      return ids;
    };
    reported.push(...(await read(rows.length, stream)));
    expect([...reported].sort()).toEqual([...rows].sort());
    // Fast subscribers share one read: twenty cost as much as one.
    const costs: number[] = [];
    for (const followers of [1, 20]) {
      const now = await feed.now();
      const ids = Array.from({ length: 50 }, engineId);
      const streams = Array.from({ length: followers }, () => feed.follow(source, now, end.signal));
      await Promise.all(streams.map((one) => one.next()));
      const work = async () => {
        await engine.report(ids.map((id) => reportOf(id, 1, ['CREATED'])));
        const each = await Promise.all(streams.map((one) => read(ids.length, one)));
        for (const found of each) expect(new Set(found).isSupersetOf(new Set(ids))).toBe(true);
      };
      costs.push(await world.statements(work));
      for (const one of streams) await one.return();
    }
    expect(costs[1]! - costs[0]!).toBeLessThanOrEqual(4);
    end.abort();
  });

  it('stream a log from its start, each entry once, in order', async () => {
    const id = engineId();
    await engine.report([reportOf(id, 1, ['RUNNING'])]);
    const row = await world.db.execution.findFirstOrThrow({ where: { executionId: id } });
    for (const [i, level] of [0, 2, 4].entries()) await addLog(world, row, i + 1, level, `line ${i + 1}`);
    const key = idOf('Execution', row);
    const all = follow(viewer, log, 'logs', { id: key });
    const severe = follow(viewer, log, 'logs', { id: key, minLevel: 'WARN' });
    const after = follow(viewer, log, 'logs', { id: key, after: '2' });
    await all.until(() => all.items.length >= 3);
    const line = (sequence: number, level: string) => ({
      executionId: id,
      sequence: String(sequence),
      at: '2026-01-01T00:00:00Z',
      level,
      message: `line ${sequence}`,
    });
    await engine.logs([line(7, 'INFO'), line(5, 'ERROR'), line(3, 'ERROR')]);
    await all.until(() => all.items.length >= 5);
    await engine.logs([line(6, 'WARN'), line(7, 'INFO')]);
    await all.until(() => all.items.length >= 6);
    await sleep(300);
    const sequences = ({ items }: { items: any[] }) => items.map(({ sequence }) => Number(sequence));
    expect(sequences(all)).toEqual([1, 2, 3, 5, 7, 6]);
    expect(sequences(severe)).toEqual([3, 5, 6]);
    expect(sequences(after)).toEqual([3, 5, 7, 6]);
    // It ends with its execution.
    await world.db.logEntry.deleteMany({ where: { executionKey: row.id } });
    await world.db.execution.delete({ where: { id: row.id } });
    await Promise.all([all.done, severe.done, after.done]);
    expect(all.errors).toEqual([]);
    const foreign = await addExecution(world, main, { namespace: 'company.y' });
    const hidden = follow(viewer, log, 'logs', { id: idOf('Execution', foreign) });
    const unknown = follow(viewer, log, 'logs', { id: key });
    await Promise.all([hidden.done, unknown.done]);
    expect([hidden.errors, unknown.errors].map(([error]) => [error.extensions.code, error.message])).toEqual([
      ['NOT_FOUND', 'The execution is not found.'],
      ['NOT_FOUND', 'The execution is not found.'],
    ]);
  });

  it('stream the new log entries of a tenant that match, within the reach of their viewer', async () => {
    const near = engineId();
    const far = engineId();
    await engine.report([
      reportOf(near, 1, ['RUNNING']),
      { ...reportOf(far, 1, ['RUNNING']), namespaceName: 'company.y' },
    ]);
    const tail =
      'subscription($where: LogWhere) { logTail(tenantKey: "main", where: $where) { message execution { executionId } } }';
    const all = follow(viewer, tail, 'logTail', {});
    const some = follow(viewer, tail, 'logTail', {
      where: { minLevel: 'WARN', text: 'LATE', not: { taskId: 'noisy' } },
    });
    await sleep(300);
    const line = (executionId: string, sequence: number, level: string, message: string, taskId = 'one') => ({
      executionId,
      sequence: String(sequence),
      at: new Date(1_767_225_600_000 + sequence * 1_000).toISOString(),
      level,
      message,
      taskId,
    });
    await engine.logs([
      line(near, 1, 'INFO', 'early'),
      line(far, 1, 'ERROR', 'hidden late'),
      line(near, 2, 'ERROR', 'a late one'),
      line(near, 3, 'ERROR', 'late too', 'noisy'),
    ]);
    await all.until(() => all.items.length >= 3);
    await some.until(() => some.items.length >= 1);
    await sleep(300);
    expect(all.items.map(({ message }: any) => message)).toEqual(['early', 'a late one', 'late too']);
    expect(some.items).toEqual([{ message: 'a late one', execution: { executionId: near } }]);
    await Promise.all([all.stop(), some.stop()]);
    const none = await world.user('no logs', [main]);
    const refused = follow(await world.as(none), tail, 'logTail', {});
    await refused.done;
    expect(refused.errors[0].extensions.code).toBe('FORBIDDEN');
  });

  it('forget removals after a day', async () => {
    const count = () => world.db.removal.count({ where: { subject: 'Execution' } });
    expect(await count()).toBeGreaterThan(0);
    await world.app.services.changes.prune(Date.now() + 23 * 3_600_000);
    expect(await count()).toBeGreaterThan(0);
    await world.app.services.changes.prune(Date.now() + 25 * 3_600_000);
    expect(await count()).toBe(0);
  });
});
