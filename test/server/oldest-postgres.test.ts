import { execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { unprivilegedAccount } from '../../src/db/postgres-account.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort, GatewayProgram } from '../support/program.ts';

const run = promisify(execFile);
/** The oldest PostgreSQL server from 15 on that is installed on the machine, if any. */
const installed = '/usr/lib/postgresql';
const version = existsSync(installed)
  ? readdirSync(installed)
      .map(Number)
      .filter((v) => v >= 15 && existsSync(join(installed, String(v), 'bin', 'postgres')))
      .sort((a, b) => a - b)[0]
  : undefined;

/** Runs the program against an external PostgreSQL by DATABASE_URL: a smoke test. */
describe.skipIf(version === undefined)(`the installed PostgreSQL ${version}`, () => {
  const folder = temporaryFolder('own-postgres');
  const endings: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of endings.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is migrated and serves queries, audit events and streams, by DATABASE_URL', async () => {
    const bin = (name: string) => join(installed, String(version), 'bin', name);
    const account = unprivilegedAccount();
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    if (account) chownSync(data, account.uid, account.gid);
    await run(bin('initdb'), ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--no-locale'], {
      ...account,
      cwd: data,
    });
    const port = await freePort();
    const server = spawn(
      bin('postgres'),
      ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      { ...account, cwd: data, stdio: 'ignore' },
    );
    endings.push(
      () =>
        new Promise((resolve) => {
          server.once('close', resolve);
          server.kill('SIGINT');
        }),
    );
    const password = 'a long enough passphrase';
    const program = await GatewayProgram.create({
      DATABASE_URL: `postgresql://owner@127.0.0.1:${port}/postgres`,
      GATEHOUSE_MASTER_KEY: 'a master key of more than thirty-two characters',
      GATEHOUSE_ADMIN_USERNAME: 'root',
      GATEHOUSE_ADMIN_PASSWORD: password,
    });
    endings.push(() => program.remove());
    for (let i = 0; ; i += 1) {
      const ready = await run(bin('pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).then(
        () => true,
        () => false,
      );
      if (ready) break;
      if (i > 100) throw new Error('the server did not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await program.start();
    const root = program.client('root', password);
    await root.ok('mutation { createTenant(input: { key: "main" }) { tenant { id } } }');
    const end = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { data: item } of root.sse<any>(
        'subscription { auditEvents(tenantKey: "main") { event { action resourceKey } } }',
        {},
        end.signal,
      )) {
        const event = item?.auditEvents.event;
        if (event) seen.push(event.resourceKey);
        if (seen.length === 2) return;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const name of ['One', 'Two'])
      await root.ok('mutation($n: String!) { createGroup(input: { tenantKey: "main", name: $n }) { group { id } } }', {
        n: name,
      });
    await following;
    end.abort();
    expect(seen).toEqual(['One', 'Two']);
    expect(
      await root.codes('mutation { createGroup(input: { tenantKey: "main", name: "ONE" }) { group { id } } }'),
    ).toEqual(['CONFLICT']);
    const { tenant } = await root.ok<any>(
      '{ tenant(key: "main") { groups(where: { text: "o" }) { totalCount } roles { totalCount } auditEvents { totalCount } } }',
    );
    expect(tenant.groups.totalCount).toBe(2);
    expect(tenant.roles.totalCount).toBe(5);
    // No demo and no GraphiQL with an external store.
    expect(
      (await fetch(`${program.url}/graphql`, { headers: { accept: 'text/html' } })).headers.get('content-type') ?? '',
    ).not.toContain('html');
    expect(await program.end('SIGTERM')).toBe(0);
  }, 60_000);
});
