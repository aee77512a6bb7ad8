import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScimClient } from '../support/scim.ts';
import { provisioned, World } from './stage.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = () => {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
};

/** Runs the work for each number below the total, some at once, as a directory does. */
async function each(total: number, atOnce: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < total) {
      const i = next;
      next += 1;
      await work(i);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

describe('the provisioning of an organisation', () => {
  let world: World;
  let client: ScimClient;
  beforeAll(async () => {
    world = await World.create();
    ({ client } = await provisioned(world, await world.tenant('main')));
  });
  afterAll(() => world.close());

  it('creates 10,000 users and 1,000 groups in less than 5 minutes, with flat memory', async () => {
    const ids: string[] = [];
    const heaps: number[] = [];
    const started = performance.now();
    await each(10_000, 6, async (i) => {
      const name = `person${i}@company.example`;
      const { status, body } = await client.post('/Users', {
        userName: name,
        externalId: `object-${i}`,
        emails: [{ value: name }],
      });
      expect(status).toBe(201);
      ids[i] = body.id;
      if (i % 2_000 === 1_999) heaps.push(heap());
    });
    const users = performance.now() - started;
    await each(1_000, 6, async (i) => {
      const members = Array.from({ length: 10 }, (_, n) => ({ value: ids[i * 10 + n] }));
      expect((await client.post('/Groups', { displayName: `Group ${i}`, members })).status).toBe(201);
    });
    const total = performance.now() - started;
    heaps.push(heap());
    console.log(
      `10,000 users: ${(users / 1_000).toFixed(1)} s, 1,000 groups with 10 members: ${((total - users) / 1_000).toFixed(1)} s, heap ${heaps.map((size) => size.toFixed(0)).join(', ')} MB`,
    );
    expect(total).toBeLessThan(300_000);
    expect(Math.max(...heaps) - heaps[0]!).toBeLessThan(60);

    const { body: group } = await client.post('/Groups', { displayName: 'Everyone' });
    const { body: small } = await client.post('/Groups', { displayName: 'Small' });
    for (let at = 0; at < 10_000; at += 5_000) {
      const value = ids.slice(at, at + 5_000).map((id) => ({ value: id }));
      const before = performance.now();
      expect((await client.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value }])).status).toBe(204);
      console.log(`5,000 members at once: ${(performance.now() - before).toFixed(0)} ms`);
    }
    const timeOf = async (id: string) => {
      const times: number[] = [];
      for (let i = 0; i < 20; i += 1)
        for (const op of ['remove', 'add']) {
          const before = performance.now();
          const value = [{ value: ids[i] }];
          expect((await client.patch(`/Groups/${id}`, [{ op, path: 'members', value }])).status).toBe(204);
          times.push(performance.now() - before);
        }
      return times.sort((x, y) => x - y)[20]!;
    };
    const [large, least] = [await timeOf(group.id), await timeOf(small.id)];
    console.log(`one member: ${large.toFixed(1)} ms in a group of 10,000, ${least.toFixed(1)} ms in an empty one`);
    expect(large).toBeLessThan(least * 3 + 20);
    const before = performance.now();
    const { body } = await client.get(`/Groups/${group.id}`);
    expect(body.members).toHaveLength(10_000);
    console.log(`the group with 10,000 members: ${(performance.now() - before).toFixed(0)} ms`);
    const fewer = performance.now();
    expect((await client.patch(`/Groups/${group.id}`, [{ op: 'Remove', path: 'members' }])).status).toBe(204);
    console.log(`10,000 members removed: ${(performance.now() - fewer).toFixed(0)} ms`);
  });
});
