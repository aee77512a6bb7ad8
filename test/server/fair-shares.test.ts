import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beside, type Gateway, startGateway } from '../support/beside.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { World } from '../support/world.ts';

const soak = process.env['SOAK'] === '1';
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
/** What the well-behaved user asks: who they are, and a page of what they may read. */
const page = '{ viewer { name } tenant(key: "main") { namespaces(first: 20) { nodes { name } } } }';

/** A flow whose triggers have schedules that never fire. */
const neverFires = (name: string, triggers: number): string =>
  `id: ${name}\nnamespace: company\ntasks:\n  - {id: t, type: x}\ntriggers:\n${range(triggers)
    .map((i) => `  - {id: t${i}, type: io.core.trigger.Schedule, cron: "${i % 60} ${i % 24} 30 2 +1"}\n`)
    .join('')}`;
const importFlows = call('importFlows', 'results { path }');

describe('one caller does not stop the others', () => {
  let world: World;
  let gateway: Gateway;
  /** Who must not notice anything. */
  let good: Client;
  /** A user without any right. */
  let stranger: Client;
  /** A user who may save flows. */
  let editor: Client;

  beforeAll(async () => {
    world = await World.create();
    const main = await world.tenant('main');
    const [reader, nobody, maker] = await Promise.all(
      ['reader', 'stranger', 'maker'].map((name) => world.user(name, name === 'stranger' ? [] : [main])),
    );
    await world.bind(main, { principal: reader! }, await world.managed(main, 'Viewer'));
    await world.bind(main, { principal: maker! }, await world.managed(main, 'Editor'));
    for (const name of range(20)) await world.namespace(main, `company.n${name}`);
    gateway = await startGateway(world);
    const at = async (user: { id: string }) => gateway.as(await world.as(user));
    [good, stranger, editor] = [await at(reader!), await at(nobody!), await at(maker!)];
    await good.ok(page);
  });
  afterAll(async () => {
    await gateway?.program.kill('SIGTERM');
    await world.close();
  });

  const unhurt = (suffered: Awaited<ReturnType<typeof beside>>) => {
    expect(suffered.failed, JSON.stringify(suffered)).toEqual([]);
    expect(suffered.p99, JSON.stringify(suffered)).toBeLessThan(250);
  };

  describe('by sources that take long to read', () => {
    const files = (count: number, triggers: number) =>
      range(count).map((i) => ({ path: `f${i}.yaml`, source: neverFires(`f${i}`, triggers) }));

    it('without a right to save: nothing of them is read', async () => {
      const input = { i: { tenant: 'nowhere', files: files(80, 100) } };
      const suffered = await beside(good, page, async () => {
        const started = performance.now();
        expect(await stranger.codes(importFlows, input)).toEqual(['NOT_FOUND']);
        expect(performance.now() - started).toBeLessThan(1_000);
      });
      unhurt(suffered);
      for (const [field, select] of [
        ['saveFlow', 'outcome'],
        ['validateFlow', 'valid'],
      ] as const) {
        const one = { i: { tenant: 'main', source: neverFires('f', 200) } };
        expect(await stranger.codes(call(field, select), one)).toEqual(['NOT_FOUND']);
      }
    });

    it('with the right to save: others are served between them', async () => {
      const suffered = await beside(good, page, () =>
        Promise.all(
          range(soak ? 20 : 3).map(() => editor.ok(importFlows, { i: { tenant: 'main', files: files(80, 60) } })),
        ),
      );
      unhurt(suffered);
    });
  });
});
