import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { newestPlace } from '../../src/audit/across.ts';
import { chainHash, digestOf } from '../../src/audit/event.ts';
import { Shipper } from '../../src/audit/shipping/shipper.ts';
import { signatureOf } from '../../src/audit/shipping/webhook.ts';
import { type Destination, readConfig } from '../../src/config.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { pruneAudit } from '../../src/resources/governance/audit-log/retention.ts';
import { until } from '../server/tools.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { World } from '../support/world.ts';

const folder = temporaryFolder('shipping');
const secret = 'a secret that both sides know';

interface Arrived {
  readonly seq: string;
  readonly prevHash: string;
  readonly hash: string;
  readonly event: { readonly id: string; readonly tenantId: string; readonly action: string };
}

/** A receiver of webhooks or of OTLP with configurable faulty responses. */
class Receiver {
  readonly bodies: { body: string; headers: IncomingMessage['headers']; path: string }[] = [];
  answer: (response: ServerResponse, request: IncomingMessage) => void = (response) => void response.end('{}');
  server: Server | undefined;
  readonly port: number;
  constructor(port: number) {
    this.port = port;
  }
  static async create(): Promise<Receiver> {
    return new Receiver(await freePort());
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  async open(): Promise<void> {
    this.server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      this.bodies.push({ body, headers: request.headers, path: request.url! });
      this.answer(response, request);
    });
    await new Promise<void>((resolve) => this.server!.listen(this.port, '127.0.0.1', resolve));
  }
  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
  get arrived(): Arrived[] {
    return this.bodies.flatMap(({ body }) => JSON.parse(body).events as Arrived[]);
  }
}

describe('shipped audit events', () => {
  let world: World | undefined;
  const receivers: Receiver[] = [];
  afterEach(async () => {
    await world?.close();
    world = undefined;
    for (const receiver of receivers.splice(0)) receiver.close();
  });
  const receiver = async (): Promise<Receiver> => {
    const one = await Receiver.create();
    receivers.push(one);
    await one.open();
    return one;
  };
  const create = async (ship: Destination[], gateways = 1): Promise<Tenant> => {
    world = await World.create({ gateways, config: { audit: { checkpointMinutes: 60, ship } } });
    return world.tenant('main');
  };
  const webhook = (url: string, more: Partial<Destination> = {}): Destination =>
    ({ name: 'hook', to: 'webhook', url, secretFrom: 'X', secret, begin: 'oldest', batch: 10, ...more }) as Destination;
  const stored = () =>
    world!.db.auditEvent.findMany({ orderBy: [{ transaction: 'asc' }, { ordinal: 'asc' }], select: { id: true } });
  const ids = (arrived: readonly Arrived[]) => arrived.map(({ event }) => event.id);
  const standing = async () =>
    (
      await world!
        .root()
        .ok<any>('{ auditDestinations { name to shipped rejected shippedAt behind lag failingSince fault } }')
    ).auditDestinations[0];

  it('reach a file: every event of every chain once, in order, with the content that its hash covers', async () => {
    const path = join(folder, 'events.ndjson');
    const main = await create([{ name: 'disk', to: 'file', path, begin: 'oldest', batch: 7 }]);
    for (let i = 0; i < 20; i += 1) await world!.namespace(main, `company.n${i}`);
    const all = await stored();
    const lines = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []);
    await until('all', () => lines().length === all.length, 10_000);
    const arrived = lines().map((line) => JSON.parse(line) as Arrived);
    expect(ids(arrived)).toEqual(all.map(({ id }) => id));
    for (const [i, line] of lines().entries()) {
      const { seq, prevHash, hash } = arrived[i]!;
      const content = line.slice(line.indexOf('"event":') + '"event":'.length, -1);
      expect(chainHash(prevHash, BigInt(seq), digestOf(content))).toBe(hash);
    }
    // A log rotation takes the file away; nothing is sent twice.
    writeFileSync(path, '');
    await world!.namespace(main, 'company.after');
    await until('the next', () => lines().length === 1);
    expect(lines()[0]).toContain('company.after');
    expect(await standing()).toMatchObject({ name: 'disk', to: 'file', behind: 0, lag: 'PT0S', fault: null });
  });

  it('reach a webhook that fails in every way: at least once, in order, signed, and identified by their IDs', async () => {
    const hook = await receiver();
    const main = await create([webhook(hook.url)]);
    let count = 0;
    hook.answer = (response, request) => {
      count += 1;
      if (count % 5 === 1) response.writeHead(500).end('no');
      // The receiver has them, but the sender does not get the response.
      else if (count % 5 === 2) request.socket.destroy();
      else if (count % 5 === 3) response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      else response.end();
    };
    for (let i = 0; i < 25; i += 1) await world!.namespace(main, `company.n${i}`);
    const all = await stored();
    await until('all', () => new Set(ids(hook.arrived)).size === all.length, 30_000);
    const first = [...new Set(ids(hook.arrived))];
    expect(first).toEqual(all.map(({ id }) => id));
    expect(hook.arrived.length).toBeGreaterThan(first.length);
    // A repeated batch has the same name.
    const byDelivery = Map.groupBy(hook.bodies, ({ headers }) => String(headers['gatehouse-delivery']));
    expect(byDelivery.size).toBeLessThan(hook.bodies.length);
    for (const bodies of byDelivery.values()) expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
    for (const { body, headers } of hook.bodies) {
      const [, time, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['gatehouse-signature']))!;
      expect(given).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
      expect(Math.abs(Date.now() / 1_000 - Number(time))).toBeLessThan(60);
      expect(signatureOf('another secret', Number(time), body)).not.toContain(given);
    }
  });

  it('wait for a destination that is down: mutations continue, the lag is reported, nothing is pruned, and all arrive', async () => {
    const hook = await receiver();
    const main = await create([webhook(hook.url, { tenants: ['main'] })]);
    await world!.namespace(main, 'company.before');
    await until('the first', () => hook.arrived.some(({ event }) => event.action === 'namespace.create'));
    hook.close();
    for (let i = 0; i < 5; i += 1) await world!.namespace(main, `company.n${i}`);
    await until('the fault', async () => (await standing()).failingSince !== null, 10_000);
    const status = await standing();
    expect(status.behind).toBeGreaterThanOrEqual(5);
    expect(status.fault).toMatch(/ECONNREFUSED|fetch failed|socket/);
    const later = { keepDays: 1, slackMs: 0, now: Date.now() + 86_400_000 + 60_000 };
    const { store, keys } = world!.app.services;
    await pruneAudit(store, keys, { ...later, destinations: ['hook'] });
    // Nothing of its own chain; of the instance's, everything that it selects.
    expect(await world!.db.auditEvent.count({ where: { tenantId: main.id, seq: 1 } })).toBe(1);
    await hook.open();
    await until(
      'the rest',
      () => hook.arrived.filter(({ event }) => event.action === 'namespace.create').length >= 6,
      20_000,
    );
    expect(new Set(hook.arrived.map(({ event }) => event.tenantId))).toEqual(new Set([main.id]));
    await until('no fault', async () => (await standing()).failingSince === null);
    await until('nothing behind', async () => (await standing()).behind === 0);
    expect(await pruneAudit(store, keys, { ...later, destinations: ['hook'] })).toBeGreaterThan(5);
    expect(await pruneAudit(store, keys, { ...later, destinations: ['hook', 'never begun'] })).toBe(0);
  });

  it('respect Retry-After', async () => {
    const hook = await receiver();
    const times: number[] = [];
    hook.answer = (response) => {
      times.push(Date.now());
      if (times.length === 1) response.writeHead(503, { 'retry-after': '2' }).end();
      else response.end();
    };
    await create([webhook(hook.url)]);
    await until('the second', () => times.length > 1, 10_000);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1_990);
  });

  it('are sent by one gateway at a time, and another one continues where it stopped', async () => {
    const hook = await receiver();
    const main = await create([webhook(hook.url)], 2);
    for (let i = 0; i < 10; i += 1) await world!.namespace(main, `company.a${i}`);
    let all = await stored();
    await until('all', () => new Set(ids(hook.arrived)).size === all.length, 10_000);
    expect(hook.arrived.length).toBe(all.length);
    const [first] = world!.apps.splice(0, 1);
    world!.urls.splice(0, 1);
    await first!.close();
    await world!.namespace(main, 'company.b');
    all = await stored();
    await until('the rest', () => new Set(ids(hook.arrived)).size === all.length, 15_000);
    expect(hook.arrived.length).toBe(all.length);
  });

  it('reach an OTLP collector as log records; rejected records are counted and reported', async () => {
    const collector = await receiver();
    let isFirst = true;
    collector.answer = (response) => {
      const answer = isFirst ? { partialSuccess: { rejectedLogRecords: '1', errorMessage: 'too old' } } : {};
      isFirst = false;
      response.end(JSON.stringify(answer));
    };
    const main = await create([
      {
        name: 'otel',
        to: 'otlp',
        url: `${collector.url}/`,
        authorizationFrom: 'X',
        secret: 'Bearer abc',
        begin: 'oldest',
        batch: 100,
      },
    ]);
    await world!.namespace(main, 'company.data');
    await world!.basic('nobody', 'wrong password').run('{ viewer { name } }');
    const records = () =>
      collector.bodies.flatMap(({ body }) => JSON.parse(body).resourceLogs[0].scopeLogs[0].logRecords as any[]);
    const all = await stored();
    await until('all', () => records().length >= all.length, 10_000);
    expect(collector.bodies[0]).toMatchObject({
      path: '/v1/logs',
      headers: { authorization: 'Bearer abc', 'content-type': 'application/json' },
    });
    const record = records().find(({ eventName }) => eventName === 'namespace.create')!;
    expect(record).toMatchObject({
      severityNumber: 9,
      severityText: 'INFO',
      body: { stringValue: 'system namespace.create company.data: SUCCESS' },
    });
    expect(record.timeUnixNano).toMatch(/^\d{19}$/);
    const attributes = Object.fromEntries(record.attributes.map(({ key, value }: any) => [key, value.stringValue]));
    expect(attributes).toMatchObject({
      'gatehouse.tenant.key': 'main',
      'gatehouse.namespace': 'company.data',
      'user.name': 'system',
    });
    expect(records().some(({ severityText }) => severityText === 'WARN')).toBe(true);
    await until('the count', async () => (await standing()).rejected === '1');
    expect(world!.log.join('\n')).toContain('rejected by their destination');
  });

  it('start on a line of their own in a file that ends within a line, after a crash or on a full disk', async () => {
    const path = join(folder, 'broken.ndjson');
    const half = '{"seq":"1","prevHash":"000';
    writeFileSync(path, half);
    await create([{ name: 'disk', to: 'file', path, begin: 'oldest', batch: 100 }]);
    const all = await stored();
    const lines = () => readFileSync(path, 'utf8').split('\n').filter(Boolean);
    await until('all', () => lines().length > all.length, 10_000);
    expect(lines()[0]).toBe(half);
    expect(
      ids(
        lines()
          .slice(1)
          .map((line) => JSON.parse(line)),
      ),
    ).toEqual(all.map(({ id }) => id));
  });

  it('read only a little of a response that never ends', async () => {
    const hook = await receiver();
    let sent = 0;
    hook.answer = (response) => {
      const chunk = Buffer.alloc(1 << 16);
      const go = () => {
        if (response.destroyed) return;
        sent += chunk.length;
        response.write(chunk, () => setImmediate(go));
      };
      go();
    };
    await create([webhook(hook.url, { batch: 1_000 })]);
    await until('all', async () => (await standing()).behind === 0, 10_000);
    // The rest is in network buffers. The control: reading a body to its end takes all of 15 seconds' worth.
    expect(sent).toBeLessThan(50_000_000);
  });

  it('are not sent again after a malformed response of an OTLP collector, and the fault is reported', async () => {
    const collector = await receiver();
    const answers = [
      '{"partialSuccess":{"rejectedLogRecords":"1e300","errorMessage":"a \\u0000 b"}}',
      '{"partialSuccess":{"rejectedLogRecords":1.5,"errorMessage":{"toString":1}}}',
      '{"partialSuccess":{"rejectedLogRecords":-3}}',
      'null',
    ];
    collector.answer = (response) => void response.end(answers.shift() ?? '\u0000');
    await create([{ name: 'otel', to: 'otlp', url: collector.url, begin: 'oldest', batch: 1 } as Destination]);
    await until('the fault', async () => (await standing()).fault === 'the response is not valid JSON', 10_000);
    expect(await standing()).toMatchObject({ shipped: '4', rejected: '2', failingSince: expect.any(String) });
    const seqs = collector.bodies.map(({ body }) => /event\.id","value":\{"stringValue":"([^"]+)/.exec(body)![1]);
    expect(new Set(seqs.slice(0, 5)).size).toBe(5);
  });

  it('start where the settings say, and faults of the settings are reported', async () => {
    const hook = await receiver();
    await create([]);
    // A transaction elsewhere can delay the commit order for a moment: "now" is older than what is settled.
    const newest = (await world!.db.auditEvent.aggregate({ _max: { transaction: true } }))._max.transaction!;
    await until('all is settled', async () => (await newestPlace(world!.db)).transaction >= newest);
    const shipper = new Shipper(
      world!.app.store,
      world!.connection,
      createLog('error'),
      webhook(hook.url, { begin: 'now' }),
    );
    shipper.start();
    await until('its begin', async () => (await world!.db.auditShipping.count()) === 1);
    const later = await world!.tenant('later');
    await until('the new ones', () => hook.arrived.length > 0);
    expect(new Set(hook.arrived.map(({ event }) => event.tenantId))).toEqual(new Set([later.id]));
    await shipper.close();

    const file = join(folder, 'config.yaml');
    const faults = (text: string, env: Record<string, string> = {}) => {
      writeFileSync(file, text);
      try {
        readConfig({ GATEHOUSE_CONFIG: file, ...env });
        return [];
      } catch (error) {
        return (error as { faults: string[] }).faults;
      }
    };
    const ship = (rest: string) => `audit: { ship: [{ name: siem, ${rest} }] }`;
    expect(faults(ship('to: webhook, url: "https://x.example", secretFrom: SHIP_SECRET'))).toEqual([
      expect.stringContaining('SHIP_SECRET must be set'),
    ]);
    expect(
      faults(ship('to: webhook, url: "https://x.example", secretFrom: SHIP_SECRET'), { SHIP_SECRET: secret }),
    ).toEqual([]);
    expect(faults(ship('to: webhook, url: "ftp://x.example", secretFrom: lower'))).toHaveLength(2);
    expect(faults(ship('to: pigeon'))).toHaveLength(1);
    expect(faults('audit: { ship: [{ name: a, to: file, path: x }, { name: a, to: file, path: y }] }')).toEqual([
      expect.stringContaining('unique'),
    ]);
  });
});
