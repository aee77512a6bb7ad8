import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { exclusively } from '../../src/db/lock.ts';
import { newId } from '../../src/lib/ids.ts';
import { purgeExecutions } from '../../src/resources/orchestration/execution/retention.ts';
import { call } from '../support/call.ts';
import { miscounted } from '../support/engine.ts';
import { addExecution, addLog, addMetric, addTaskRun } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

describe('retention of executions', () => {
  let world: World;
  let main: Tenant;
  let viewer: User;
  let token: string;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    viewer = await world.user('viewer', [main]);
    await world.grant(main, viewer, ['EXECUTION:READ'], 'company.x');
    token = await world.token(viewer);
  });
  afterAll(() => world.close());

  const path = (executionId: string, key = 'main') => `${world.urls[0]}/tenants/${key}/executions/${executionId}/logs`;
  const read = (url: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
    fetch(url, { headers });

  it('returns a log as a file, by level, to viewers who can read the execution; a refused one is missing', async () => {
    const execution = await addExecution(world, main, { executionId: 'fileExecution000000001' });
    for (const level of [0, 2, 3]) await addLog(world, execution, level + 1, level, `level ${level}\nsecond line`);
    const response = await read(path(execution.executionId));
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="fileExecution000000001.log"');
    const line = (sequence: number, level: string) =>
      `${new Date(execution.startedAt.getTime() + sequence).toISOString()} ${level} level ${sequence - 1}\nsecond line\n`;
    expect(await response.text()).toBe([line(1, 'TRACE'), line(3, 'INFO '), line(4, 'WARN ')].join(''));
    expect(await (await read(`${path(execution.executionId)}?minLevel=WARN`)).text()).toBe(line(4, 'WARN '));
    expect(await (await read(`${path(execution.executionId)}?minLevel=ERROR`)).text()).toBe('');

    const hidden = await addExecution(world, main, { namespace: 'company.y' });
    const other = await addExecution(world, await world.tenant('other'), {});
    const answers = await Promise.all(
      [
        path(hidden.executionId),
        path('unknown'),
        path(other.executionId, 'other'),
        path(other.executionId),
        path(execution.executionId, 'nope'),
        path('%00'),
        path('%E0%A4%A'),
      ].map(async (url) => {
        const answer = await read(url);
        return [answer.status, await answer.text()];
      }),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([
        JSON.stringify([404, '{"errors":[{"message":"The log is not found.","extensions":{"code":"NOT_FOUND"}}]}']),
      ]),
    );
    const stranger = await world.token(await world.user('stranger', [main]));
    expect((await read(path(execution.executionId), { authorization: `Bearer ${stranger}` })).status).toBe(404);
    // The refused download is recorded, as with the query.
    expect(await world.db.auditEvent.count({ where: { action: 'execution.read', actorName: 'stranger' } })).toBe(1);
    expect((await read(path(execution.executionId), {})).status).toBe(401);
    expect((await read(path(execution.executionId), { authorization: 'Bearer gth_nobody' })).status).toBe(401);
    expect((await read(`${path(execution.executionId)}?minLevel=LOUD`)).status).toBe(400);
    expect((await fetch(path(execution.executionId), { method: 'POST' })).status).toBe(405);
    expect((await read(`${path(execution.executionId)}/more`)).status).toBe(404);
    const foreign = { authorization: `Bearer ${token}`, origin: 'https://elsewhere.example' };
    expect((await read(path(execution.executionId), foreign)).status).toBe(403);
  });

  it('streams a long log without buffering it, and ends it when the permission is revoked', async () => {
    const execution = await addExecution(world, main, {});
    const { id: executionKey, tenantId, namespace, flowId, startedAt: at } = execution;
    const rows = Array.from({ length: 12_000 }, (_, i) => ({
      ...{ id: newId(), tenantId, executionKey, namespace, flowId, at, level: 2 },
      sequence: BigInt(i),
      message: `${i} ${'x'.repeat(2_000)}`,
    }));
    for (let i = 0; i < rows.length; i += 2_000) await world.db.logEntry.createMany({ data: rows.slice(i, i + 2_000) });
    const numbers = (text: string) => [...text.matchAll(/ INFO {2}(\d+) /g)].map(([, n]) => Number(n));
    const whole = await (await read(path(execution.executionId))).text();
    expect(numbers(whole)).toEqual(rows.map((_, i) => i));

    const leaver = await world.user('leaver', [main]);
    const binding = await world.grant(main, leaver, ['EXECUTION:READ']);
    const secret = await world.token(leaver);
    const cut = await new Promise<string>((resolve, fail) => {
      const request = get(path(execution.executionId), { headers: { authorization: `Bearer ${secret}` } });
      request.on('error', fail);
      request.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.once('data', async () => {
          response.pause();
          await world.db.binding.delete({ where: { id: binding.id } });
          await world.db.accessState.updateMany({ data: { revision: { increment: 1 } } });
          await world.app.freshness.confirm();
          response.resume();
        });
        response.on('close', () => resolve(text));
        response.on('error', () => undefined);
      });
    });
    expect(numbers(cut).length).toBeGreaterThan(0);
    expect(numbers(cut).length).toBeLessThan(rows.length);
  });

  it('keeps executions that ended recently; the others are deleted in batches, with one event', async () => {
    const old = await world.tenant('old');
    const day = (n: number) => new Date(Date.now() - n * 86_400_000);
    const gone = [];
    for (let i = 0; i < 430; i += 1) gone.push(await addExecution(world, old, { startedAt: day(31 + (i % 5)) }));
    await addTaskRun(world, gone[0]!);
    await addLog(world, gone[0]!, 1, 2, 'x');
    await addMetric(world, gone[0]!, 1, 'x');
    const kept = [
      await addExecution(world, old, { startedAt: day(29) }),
      await addExecution(world, old, { startedAt: day(40), state: 'RUNNING' }),
    ];
    const restarted = await addExecution(world, old, { startedAt: day(40) });
    await world.db.execution.update({ where: { id: restarted.id }, data: { endedAt: day(1) } });
    expect(await purgeExecutions(world.app.store, 30)).toBe(430);
    expect(await purgeExecutions(world.app.store, 30)).toBe(0);
    const left = await world.db.execution.findMany({ where: { tenantId: old.id }, select: { id: true } });
    expect(left.map(({ id }) => id).sort()).toEqual([...kept, restarted].map(({ id }) => id).sort());
    expect(await world.db.logEntry.count({ where: { tenantId: old.id } })).toBe(0);
    expect(await miscounted(world)).toEqual([]);
    const events = await world.db.auditEvent.findMany({ where: { action: 'execution.purge', tenantId: old.id } });
    expect(events).toMatchObject([
      { actorKind: 'SYSTEM', reason: 'retention', details: { executions: 430, before: expect.any(String) } },
    ]);
    const work = () => exclusively(world.connection, 'retention', async () => 'done');
    const both = await exclusively(world.connection, 'retention', async () => [await work()]);
    expect([both, await work()]).toEqual([[undefined], 'done']);
    expect(readConfig({}).retention).toEqual({});
  });

  it('deletes the data with the tenant', async () => {
    const doomed = await world.tenant('doomed');
    const execution = await addExecution(world, doomed, {});
    await addTaskRun(world, execution);
    await addLog(world, execution, 1, 2, 'x');
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', doomed) } });
    expect(await world.db.execution.count({ where: { tenantId: doomed.id } })).toBe(0);
    expect(await world.db.removal.count({ where: { tenantId: doomed.id } })).toBe(0);
    const event = await world.db.auditEvent.findFirstOrThrow({
      where: { action: 'execution.purge', tenantId: doomed.id },
    });
    expect(event.details).toMatchObject({ executions: 1 });
    // A new tenant with its key has no data of it.
    const again = await world.tenant('doomed');
    await world.grant(again, await world.user('newcomer', [again]), ['EXECUTION:READ']);
    const newcomer = await world.as(await world.db.user.findFirstOrThrow({ where: { username: 'newcomer' } }));
    expect(await newcomer.ok('{ tenant(key: "doomed") { executions { totalCount } } }')).toEqual({
      tenant: { executions: { totalCount: 0 } },
    });
  });
});
