import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { Collector } from '../support/collector.ts';
import { type Gateway, startGateway } from '../support/gateway-process.ts';
import { World } from '../support/world.ts';

const rounds = Number(process.env['ROUNDS'] ?? 25);
const roundMs = 1_000;
const clients = 6;
const documents = {
  tiny: '{ viewer { name } }',
  list: '{ tenant(key: "a") { groups(first: 20) { nodes { id name members(first: 5) { totalCount } } } } }',
};

/** CPU time of a process in microseconds. */
function cpuOf({ program }: Gateway): number {
  const text = readFileSync(`/proc/${program.child.pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

describe('metrics and traces', () => {
  it('cost at most 3 % of the CPU time of a request', async () => {
    const world = await World.create();
    const collector = await Collector.start();
    const tenant = await world.tenant('a');
    for (let i = 0; i < 20; i += 1) await world.group(tenant, `group ${i}`);
    const client = await world.as(await world.db.user.findFirstOrThrow({ where: { username: 'root' } }));
    const off = await startGateway(world);
    const on = await startGateway(world, { GATEHOUSE_METRICS_PORT: '0', GATEHOUSE_OTLP_URL: collector.url });
    /** CPU time per request and requests per second. */
    const round = async (gateway: Gateway, document: string, ms = roundMs) => {
      const own: Client = gateway.as(client);
      const [began, before, end] = [performance.now(), cpuOf(gateway), performance.now() + ms];
      let count = 0;
      await Promise.all(
        Array.from({ length: clients }, async () => {
          for (; performance.now() < end; count += 1) await own.ok(document);
        }),
      );
      return { cpu: (cpuOf(gateway) - before) / count, rate: count / ((performance.now() - began) / 1_000) };
    };
    const ratios: number[] = [];
    for (const [name, document] of Object.entries(documents)) {
      for (const gateway of [off, on]) await round(gateway, document, 3_000);
      const pairs: { cpu: number; rate: number }[] = [];
      const offs: number[] = [];
      for (let i = 0; i < rounds; i += 1) {
        const order = i % 2 === 0 ? [off, on] : [on, off];
        const results = new Map<Gateway, Awaited<ReturnType<typeof round>>>();
        for (const gateway of order) results.set(gateway, await round(gateway, document));
        const [without, withAll] = [results.get(off)!, results.get(on)!];
        offs.push(without.cpu);
        pairs.push({ cpu: withAll.cpu / without.cpu, rate: withAll.rate / without.rate });
      }
      const cpu = median(pairs.map((pair) => pair.cpu));
      const rate = median(pairs.map((pair) => pair.rate));
      const spread = pairs.map((pair) => pair.rate).toSorted((a, b) => a - b);
      console.log(
        `${name} with metrics and traces: CPU per request × ${cpu.toFixed(3)} (${median(offs).toFixed(0)} µs without), throughput × ${rate.toFixed(3)}, quartiles ${spread[Math.floor(rounds / 4)]!.toFixed(3)} and ${spread[Math.floor((rounds * 3) / 4)]!.toFixed(3)} of ${rounds} pairs`,
      );
      ratios.push(cpu);
    }
    for (const { program } of [off, on]) await program.kill('SIGTERM');
    await collector.close();
    await world.close();
    // Other load of the machine changes the throughput more than the CPU time of a request.
    expect(Math.max(...ratios)).toBeLessThan(1.03);
  });
});
