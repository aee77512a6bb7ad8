import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest';
import WebSocket from 'ws';
import { Client } from '../support/client.ts';
import { masterKey, password } from '../support/world.ts';
import { Program, raw, until } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-serve-'));
const running: Program[] = [];

function serve(env: Record<string, string> = {}): Program {
  const program = new Program(['src/main.ts', 'serve'], {
    GATEHOUSE_DATA_DIR: join(folder, 'data'),
    GATEHOUSE_DEMO: '0',
    GATEHOUSE_ADMIN_PASSWORD: password,
    PORT: '0',
    ...env,
  });
  running.push(program);
  return program;
}
async function ready(program: Program): Promise<{ url: string; pid: number; client: Client }> {
  const [, url, pid] = await program.says(/listens on (http:\S+)[\s\S]*process (\d+)[\s\S]*Ctrl-C/, 40_000);
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  return { url: url!, pid: Number(pid), client: new Client(url!, { authorization }) };
}
/** Reports whether a process runs. A zombie, whose parent was killed, does not. */
const lives = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const createTenant = 'mutation($key: String!) { createTenant(input: { key: $key, name: $key }) { tenant { key } } }';
const keys = async (client: Client): Promise<string[]> =>
  (await client.ok('{ viewer { tenants { nodes { key } } } }')).viewer.tenants.nodes.map(
    ({ key }: { key: string }) => key,
  );
const events = 'subscription { auditEvents { cursor } }';

describe('the program', () => {
  afterEach(async () => {
    for (const program of running.splice(0)) {
      if (!program.isRunning) continue;
      program.child.kill('SIGTERM');
      await program.ended;
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('starts, answers, drains at SIGTERM within 10 s, and finds its data again', async () => {
    const first = serve();
    const { url, pid, client } = await ready(first);
    expect((await raw(`${url}/readyz`, { method: 'GET' })).status).toBe(200);
    await client.ok(createTenant, { key: 'kept' });

    const left = new AbortController();
    const stream = client.sse(events, {}, left.signal);
    expect((await stream.next()).value?.data).toHaveProperty('auditEvents.cursor');
    const sse = (async () => {
      const rest = [];
      for await (const item of stream) rest.push(item);
      return rest;
    })();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const said: { type: string }[] = [];
    let closed: { code: number; reason: string } | undefined;
    socket.on('message', (data) => said.push(JSON.parse(String(data))));
    socket.on('close', (code, reason) => {
      closed = { code, reason: String(reason) };
    });
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'connection_init', payload: client.headers }));
    });
    await until('an ack', () => said.length === 1);
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: events } }));
    await until('a bookmark', () => said.length === 2);

    const started = Date.now();
    first.child.kill('SIGTERM');
    const { code } = await first.ended;
    expect([code, first.error.includes('error')]).toEqual([0, false]);
    expect(Date.now() - started).toBeLessThan(10_000);
    // The stream over SSE ended in order: a broken connection would throw. In the meantime it delivered the opening of
    // the socket's stream.
    for (const { data } of await sse) expect(data.auditEvents.cursor).toBeTruthy();
    await until('the close', () => closed);
    expect(closed).toEqual({ code: 1001, reason: expect.stringContaining('resume') });
    // No complete message: the client resumes from its cursor.
    expect(said.map(({ type }) => type)).toEqual(['connection_ack', 'next']);
    expect(lives(pid)).toBe(false);

    const second = serve();
    const again = await ready(second);
    expect(await keys(again.client)).toEqual(['kept']);
    expect(second.out).not.toContain('super admin:');

    const third = serve();
    expect((await third.ended).code).toBe(1);
    expect(third.error).toMatch(/Another gateway uses .*data\. Stop it first, or set GATEHOUSE_DATA_DIR/);
    expect(third.error).not.toMatch(/\n\s+at /);
    expect(await keys(again.client)).toEqual(['kept']);

    // Killed without cleanup: the next start takes the server over.
    await second.kill('SIGKILL');
    expect(lives(again.pid)).toBe(true);
    const fourth = serve();
    const after = await ready(fourth);
    expect(after.pid).toBe(again.pid);
    expect(await keys(after.client)).toEqual(['kept']);
    fourth.child.kill('SIGINT');
    expect((await fourth.ended).code).toBe(0);
    expect(lives(after.pid)).toBe(false);
  });

  it('reports all faults of its settings together, and starts nothing', async () => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(
      path,
      'limits:\n  depth: none\n  speed: 3\npolicys: {}\npolicies:\n  naming: { rule: [] }\n  ghost: {}\n',
    );
    const program = serve({
      GATEHOUSE_DATA_DIR: join(folder, 'never'),
      PORT: '99999',
      GATEHOUSE_DEMO: 'maybe',
      GATEHOUSE_ORIGINS: 'https://fine.example,console.example/path',
      GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/8,10.0.0.0/33,fd00::/8,fd00::/129',
      DATABASE_URL: 'mysql://x',
      GATEHOUSE_CONFIG: path,
      GATEHOUSE_MASTERKEY: 'x',
      GATEHOUSE_HOST: '0.0.0.0',
      GATEHOUSE_TELEMETRY: '1',
      // Kubernetes adds these variables for a service named gatehouse.
      GATEHOUSE_SERVICE_HOST: '10.0.0.1',
      GATEHOUSE_PORT: 'tcp://10.0.0.1:4000',
      GATEHOUSE_PORT_4000_TCP_ADDR: '10.0.0.1',
    });
    expect((await program.ended).code).toBe(1);
    expect(program.error.match(/GATEHOUSE_\w+ is not a setting.*/g)).toEqual([
      'GATEHOUSE_MASTERKEY is not a setting. Do you mean GATEHOUSE_MASTER_KEY?',
      'GATEHOUSE_HOST is not a setting. Do you mean HOST?',
      'GATEHOUSE_TELEMETRY is not a setting',
    ]);
    for (const name of ['PORT', 'GATEHOUSE_DEMO', 'GATEHOUSE_ORIGINS', 'DATABASE_URL', 'GATEHOUSE_MASTER_KEY'])
      expect(program.error).toContain(name);
    expect(program.error.match(/TRUSTED_PROXIES\.\d/g)).toEqual(['TRUSTED_PROXIES.1', 'TRUSTED_PROXIES.3']);
    for (const fault of [
      /bad\.yaml:2: limits\.depth/,
      /bad\.yaml:3: .*speed/,
      /bad\.yaml:4: .*policys/,
      /naming.*rule.*bad\.yaml:6/,
      /ghost.*bad\.yaml:7/,
    ])
      expect(program.error).toMatch(fault);
    expect(program.error).not.toMatch(/\n\s+at /);
  });

  it('reports faults of its policies before it migrates, with the line of each unknown name', async () => {
    const { host, user, password: secret } = inject('server');
    const connection = { host, user, password: secret, database: 'unmigrated' };
    const server = new pg.Client({ ...connection, database: 'postgres' });
    await server.connect();
    await server.query('CREATE DATABASE unmigrated');
    const path = join(folder, 'policies.yaml');
    writeFileSync(
      path,
      `policies:
  frozen-namespaces:
    frozen: [company.billing]
    except: ['main/Release managers', 'main/Others']
  network:
    rules: [{ tenant: nowhere, allow: ['10.0.0.0/8'] }]
  naming: { rule: [] }
`,
    );
    const env = {
      DATABASE_URL: `postgresql://${user}:${secret}@localhost/unmigrated?host=${encodeURIComponent(host)}`,
      GATEHOUSE_MASTER_KEY: masterKey,
      GATEHOUSE_CONFIG: path,
      GATEHOUSE_ADMIN_PASSWORD: 'short',
    };
    const starts = [serve(env), new Program(['src/main.ts', 'policy', 'accept'], env)];
    for (const program of starts) {
      expect((await program.ended).code).toBe(1);
      for (const fault of [
        /group main\/Release managers does not exist \(.*policies\.yaml:4\)/,
        /group main\/Others does not exist \(.*policies\.yaml:4\)/,
        /tenant nowhere does not exist \(.*policies\.yaml:6\)/,
        /rule.*\(.*policies\.yaml:7\)/,
        /GATEHOUSE_ADMIN_PASSWORD: The password must have at least 15/,
      ])
        expect(program.error).toMatch(fault);
      expect(program.error).not.toMatch(/\n\s+at /);
    }
    const client = new pg.Client(connection);
    await client.connect();
    expect((await client.query('SELECT 1 FROM pg_tables WHERE schemaname = $1', ['public'])).rowCount).toBe(0);
    await client.end();
    await server.query('DROP DATABASE unmigrated');
    await server.end();
  });

  it('reports that its port is in use, leaves no PostgreSQL running and prints the password of every account it created', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const data = join(folder, 'taken');
    const program = serve({ PORT: String(port), GATEHOUSE_DATA_DIR: data });
    expect((await program.ended).code).toBe(1);
    expect(program.error).toMatch(new RegExp(`Port ${port} of 127.0.0.1 is in use`));
    expect(program.error).not.toMatch(/\n\s+at /);
    taken.close();
    // A server that was left running would be taken over now.
    const next = serve({ GATEHOUSE_DATA_DIR: data });
    await ready(next);
    expect(next.error).not.toContain('took over');
    expect(next.out).toContain('Sign in as the super admin');
  });
});
