import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { Client } from '../support/client.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { freePort, GatewayProgram } from '../support/program.ts';
import { masterKey, World } from '../support/world.ts';
import { until } from './tools.ts';

/** The long form runs processes for minutes; the short form runs gateways in this process, once around. */
const isSoak = process.env['SOAK'] === '1';
const rounds = isSoak ? 15 : 1;
const createOnce =
  'mutation($name: String!) { createNamespace(input: { tenantKey: "main", name: $name, idempotencyKey: $name }) { namespace { name } } }';
const follow =
  'subscription($after: String) { auditEvents(tenantKey: "main", after: $after) { cursor event { seq action } } }';

interface Member {
  readonly url: string;
  readonly start: () => Promise<void>;
  /** Stops it in order. */
  readonly stop: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

async function processOf(env: Record<string, string>): Promise<Member> {
  const program = await GatewayProgram.create(env);
  return {
    url: program.url,
    start: () => program.start(),
    stop: async () => expect(await program.end('SIGTERM'), program.output).toBe(0),
    remove: () => program.remove(),
  };
}

async function gatewayHere(env: Record<string, string>, lines: string[]): Promise<Member> {
  const config = readConfig({ ...env, PORT: String(await freePort()) });
  let app: Awaited<ReturnType<typeof createApp>> | undefined;
  const stop = async () => {
    await app?.close();
    app = undefined;
  };
  return {
    url: `http://127.0.0.1:${config.port}`,
    async start() {
      const log = createLog('error', (line) => void lines.push(line));
      app = await createApp(config, { connectionString: config.databaseUrl! }, log);
      await app.freshness.confirm();
      await app.listen();
    },
    stop,
    remove: stop,
  };
}

describe('three gateways on one database, restarted one after the other under load', () => {
  let world: World;
  let proxy: DatabaseProxy;
  let headers: Record<string, string>;
  let members: Member[];
  const lines: string[] = [];
  beforeAll(async () => {
    world = await World.create();
    proxy = await DatabaseProxy.start(inject('server').host);
    const main = await world.tenant('main');
    const user = await world.user('busy', [main]);
    await world.grant(main, user, ['NAMESPACE:CREATE', 'AUDITLOG:READ']);
    ({ headers } = await world.as(user));
    const env = { DATABASE_URL: proxy.connection(world).connectionString, GATEHOUSE_MASTER_KEY: masterKey };
    members = await Promise.all(
      [0, 1, 2].map(() => (isSoak ? processOf({ ...env, GATEHOUSE_LOG: 'error' }) : gatewayHere(env, lines))),
    );
    await Promise.all(members.map((member) => member.start()));
  });
  afterAll(async () => {
    await Promise.all(members.map((member) => member.remove()));
    await world.close();
    proxy.close();
  });

  it(`lose and repeat no mutation and no event in ${rounds} rounds, and fail no mutation that is retried once`, async () => {
    const clients = members.map(({ url }) => new Client(url, headers));
    let stopping = false;
    let retried = 0;
    const failed: unknown[] = [];
    const acknowledged: string[] = [];
    const once = async (gateway: number, name: string): Promise<unknown> => {
      try {
        const { errors } = await clients[gateway % 3]!.run(createOnce, { name });
        return errors[0];
      } catch (error) {
        return error;
      }
    };
    const writers = Array.from({ length: 12 }, async (_, writer) => {
      for (let i = 0; !stopping; i += 1) {
        const name = `w${writer}.n${i}`;
        let fault = await once(writer + i, name);
        if (fault !== undefined) {
          retried += 1;
          fault = await once(writer + i + 1, name);
        }
        if (fault === undefined) acknowledged.push(name);
        else failed.push(fault);
      }
    });

    const left = new AbortController();
    let resumed = 0;
    const followers = Array.from({ length: 6 }, async (_, follower) => {
      const seen: string[] = [];
      let after: string | undefined;
      for (let gateway = follower; !left.signal.aborted; gateway += 1) {
        try {
          for await (const { data } of clients[gateway % 3]!.sse<any>(follow, { after }, left.signal)) {
            if (!data) break;
            after = data.auditEvents.cursor;
            // A stream does not deliver the event of its own opening.
            if (data.auditEvents.event?.action === 'namespace.create') seen.push(data.auditEvents.event.seq);
          }
        } catch {
          // The gateway has stopped: the next one continues from the cursor.
        }
        resumed += 1;
        await sleep(20);
      }
      return seen;
    });

    await until('writes', () => acknowledged.length > 20, 15_000);
    for (let round = 0; round < rounds; round += 1) {
      for (const member of members) {
        await member.stop();
        await member.start();
        await sleep(isSoak ? 500 : 50);
      }
    }
    stopping = true;
    await Promise.all(writers);
    await sleep(1_000);
    left.abort();
    const seen = await Promise.all(followers);
    console.log(
      `${rounds * 3} restarts: ${acknowledged.length} mutations, ${retried} sent a second time, ${failed.length} failed; followers resumed ${resumed - seen.length} times`,
    );

    expect(failed).toEqual([]);
    expect(lines).toEqual([]);
    expect(retried).toBeGreaterThan(0);
    expect(resumed - seen.length).toBeGreaterThan(rounds * 3);
    const events = await world.db.auditEvent.findMany({
      where: { tenantKey: 'main' },
      orderBy: { seq: 'asc' },
      select: { seq: true, action: true, resourceKey: true },
    });
    const created = events.filter(({ action }) => action === 'namespace.create');
    expect(created.map(({ resourceKey }) => resourceKey).sort()).toEqual([...acknowledged].sort());
    // Each follower received every event from its first: once, in order.
    for (const own of seen) {
      expect(own.length).toBeGreaterThan(0);
      expect(own).toEqual(created.map(({ seq }) => String(seq)).filter((seq) => BigInt(seq) >= BigInt(own[0]!)));
    }
  });
});
