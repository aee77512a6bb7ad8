import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { follow } from '../../src/client/follow.ts';
import { GatewayProgram } from '../support/program.ts';
import { until } from './tools.ts';

const password = 'a long enough passphrase';
const kills = process.env['SOAK'] === '1' ? 20 : 1;
const query =
  'subscription($after: String) { auditEvents(tenantKey: "main", after: $after) { cursor event { seq resourceKey } } }';
const create = 'mutation($name: String!) { createGroup(input: { tenantKey: "main", name: $name }) { group { id } } }';

describe('the audit feed', () => {
  let program: GatewayProgram;
  beforeAll(async () => {
    program = await GatewayProgram.create({ GATEHOUSE_ADMIN_USERNAME: 'root', GATEHOUSE_ADMIN_PASSWORD: password });
    await program.start();
    await program.client('root', password).ok('mutation { createTenant(input: { key: "main" }) { tenant { id } } }');
  }, 60_000);
  afterAll(() => program.remove());

  it.each(['gateway', 'PostgreSQL'] as const)(
    'resumes after kill -9 of the %s, over both transports, without a gap and within three seconds of the start',
    async (victim) => {
      const root = program.client('root', password);
      const end = new AbortController();
      const socket = root.socket();
      const seen = [[], []] as { name: string; at: number }[][];
      const read = async (
        items: ReturnType<typeof follow<{ seq: string; resourceKey: string }>>,
        own: (typeof seen)[0],
      ) => {
        // Without the events of the streams' own openings.
        for await (const { event } of items)
          if (event?.resourceKey.startsWith(victim)) own.push({ name: event.resourceKey, at: Date.now() });
      };
      const reading = [
        read(
          follow({ signal: end.signal, subscribe: (after, signal) => root.sse(query, { after }, signal) }),
          seen[0]!,
        ),
        read(
          follow({ signal: end.signal, subscribe: (after) => socket.iterate({ query, variables: { after } }) }),
          seen[1]!,
        ),
      ];
      const names: string[] = [];
      const write = async (count: number) => {
        for (let i = 0; i < count; i += 1) {
          const name = `${victim} ${names.length}`;
          await root.ok(create, { name });
          names.push(name);
        }
      };
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await write(5);
      await until('the first', () => seen.every((own) => own.length === 5));
      for (let kill = 0; kill < kills; kill += 1) {
        if (victim === 'gateway') await program.end('SIGKILL');
        else {
          process.kill(program.postmaster!, 'SIGKILL');
          await program.ended();
        }
        await program.start();
        const started = Date.now();
        await write(5);
        await until('the rest', () => seen.every((own) => own.length === names.length), 10_000);
        for (const own of seen) {
          const first = own[names.length - 5]!;
          console.log(`kill -9 of the ${victim}: first event ${first.at - started} ms after the start`);
          expect(first.at - started).toBeLessThan(3_000);
        }
      }
      for (const own of seen) expect(own.map(({ name }) => name)).toEqual(names);
      end.abort();
      await Promise.all(reading);
      await socket.dispose();
    },
    120_000,
  );
});
