import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Program, until } from '../server/tools.ts';
import { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { masterKey } from '../support/world.ts';
import { copyProject, follow, project, stepsOf, unnamed } from './follow.ts';

const readme = readFileSync(join(project, 'src', 'resources', 'README.md'), 'utf8');
const steps = stepsOf(readme);
const copy = temporaryFolder('recipe');
const databases = { fresh: 'recipe_fresh', old: 'recipe_old' };
const onServer = async (database: string, statement: string): Promise<any[]> => {
  const { host, user, password } = inject('server');
  const client = new pg.Client({ host, user, password, database });
  await client.connect();
  const { rows } = await client.query(statement).finally(() => client.end());
  return rows;
};

/** A gateway of this project, or of the copy, with a database of its own. */
class Gateway {
  readonly program: Program;
  readonly url: string;
  readonly passwords: Readonly<Record<string, string>>;
  private constructor(program: Program, url: string, passwords: Record<string, string>) {
    this.program = program;
    this.url = url;
    this.passwords = passwords;
  }
  static async start(folder: string, database: string, passwords: Record<string, string> = {}): Promise<Gateway> {
    const { host, user, password } = inject('server');
    const program = new Program([join(folder, 'src', 'main.ts')], {
      PORT: String(await freePort()),
      DATABASE_URL: `postgresql://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`,
      GATEHOUSE_MASTER_KEY: masterKey,
      GATEHOUSE_DEMO: '1',
    });
    const [, url] = await program.says(/listens on (\S+)[\s\S]*Its process is/, 60_000);
    const said = [...program.out.matchAll(/(?:user (\w+),|^ +(\w+)) +password (\S+)/gm)];
    const own = Object.fromEntries(said.map(([, one, other, secret]) => [one ?? other, secret!]));
    return new Gateway(program, url!, { ...passwords, ...own });
  }
  client = (name: string): Client =>
    new Client(this.url, { authorization: `Basic ${btoa(`${name}:${this.passwords[name]}`)}` });
  async stop(): Promise<void> {
    expect(await this.program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }
}

describe('the steps of "Add a resource" in the README', () => {
  it('name every file that a resource needs, and the commands to run', () => {
    expect(steps.map(({ number }) => number)).toEqual(steps.map((_step, i) => i + 1));
    expect(unnamed(steps)).toEqual([]);
    // The control: without any one of the steps that add something, a file is missing.
    const adding = steps.filter(({ files }) => files.length > 0);
    expect(adding.length).toBeGreaterThan(3);
    for (const step of adding) expect(unnamed(steps.filter((other) => other !== step))).not.toEqual([]);
  });
});

describe('a resource added by these steps', () => {
  const gateways: Partial<Record<keyof typeof databases, Gateway>> = {};
  beforeAll(async () => {
    const missing = unnamed(steps);
    if (missing.length > 0) throw new Error(`no step of the README names ${missing.join(', ')}`);
    await copyProject(copy);
    for (const step of steps) {
      const start = Date.now();
      await follow(copy, step);
      console.log(`step ${step.number} took ${Math.round((Date.now() - start) / 100) / 10} s`);
    }
    for (const database of Object.values(databases)) await onServer('postgres', `CREATE DATABASE ${database}`);
  }, 600_000);
  afterAll(async () => {
    for (const { program } of Object.values(gateways)) if (program.isRunning) await program.kill();
    for (const database of Object.values(databases))
      await onServer('postgres', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    rmSync(copy, { recursive: true, force: true });
  });

  it('is in the printed schema and in the access matrix', () => {
    expect(readFileSync(join(copy, 'schema.graphql'), 'utf8')).toMatch(/^type Announcement implements Node/m);
    const path = join(copy, '.vitest', 'report.json');
    expect(existsSync(path), 'a step runs the tests').toBe(true);
    const report = JSON.parse(readFileSync(path, 'utf8')) as {
      testResults: { assertionResults: { fullName: string; status: string }[] }[];
    };
    const results = report.testResults.flatMap((one) => one.assertionResults);
    const own = results.filter(({ fullName }) => /ANNOUNCEMENT:/.test(fullName));
    // Four ways to read it and three mutations, for seven kinds of actors; more for every mutation.
    expect(own.length).toBeGreaterThan(7 * 7);
    expect(own.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('control: does not exist in a gateway of the project itself, which creates the old store', async () => {
    gateways.old = await Gateway.start(project, databases.old);
    const fields = '{ __type(name: "Mutation") { fields { name } } }';
    expect(JSON.stringify(await gateways.old.client('alice').ok(fields))).not.toContain('Announcement');
    await gateways.old.stop();
  });

  describe.each(Object.keys(databases) as (keyof typeof databases)[])('in a store that is %s', (store) => {
    let gateway: Gateway;
    let id: string;
    const list =
      '{ tenant(key: "main") { id announcements { totalCount nodes { id title level viewerPermissions } } } }';
    const create = (title: string) => ({
      text: 'mutation($i: CreateAnnouncementInput!) { createAnnouncement(input: $i) { announcement { id title level } } }',
      i: { tenantKey: 'main', title, text: 'On Sunday from 8 to 9.', until: '2100-01-01T00:00:00Z' },
    });
    const update =
      'mutation($i: UpdateAnnouncementInput!) { updateAnnouncement(input: $i) { announcement { level } } }';
    const remove = 'mutation($i: DeleteAnnouncementInput!) { deleteAnnouncement(input: $i) { deletedId } }';

    beforeAll(async () => {
      gateway = await Gateway.start(copy, databases[store], gateways[store]?.passwords);
      gateways[store] = gateway;
    });

    it('is part of the managed roles', async () => {
      const { tenant } = await gateway
        .client('alice')
        .ok('{ tenant(key: "main") { roles { nodes { name isManaged permissions { resource actions } } } } }');
      const held = tenant.roles.nodes
        .filter(({ isManaged }: any) => isManaged)
        .map(({ name, permissions }: any) => [
          name,
          permissions
            .filter(({ resource }: any) => resource === 'ANNOUNCEMENT')
            .flatMap(({ actions }: any) => actions)
            .sort(),
        ]);
      const all = ['CREATE', 'DELETE', 'READ', 'UPDATE'];
      const read = ['READ'];
      expect(Object.fromEntries(held)).toEqual({
        Admin: all,
        Editor: read,
        Launcher: read,
        Viewer: read,
        Engine: [],
      });
    });

    it('is created, listed, updated, followed and deleted by an Admin, and refused to others', async () => {
      const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(gateway.client) as [Client, Client, Client];
      const { text, i } = create('Maintenance');
      const end = new AbortController();
      const live: any[] = [];
      const following = (async () => {
        const query = 'subscription { announcements(tenantKey: "main") { kind id announcement { title level } } }';
        for await (const { data, errors } of carol.sse<any>(query, {}, end.signal))
          live.push(data?.announcements ?? errors);
      })();
      expect(await carol.codes(text, { i })).toEqual(['FORBIDDEN']);
      id = (await alice.ok(text, { i })).createAnnouncement.announcement.id;
      const all = ['CREATE', 'READ', 'UPDATE', 'DELETE'];
      const node = { id, title: 'Maintenance', level: 'INFO' };
      expect((await alice.ok(list)).tenant.announcements).toEqual({
        totalCount: 1,
        nodes: [{ ...node, viewerPermissions: expect.arrayContaining(all) }],
      });
      expect((await carol.ok(list)).tenant.announcements.nodes).toEqual([{ ...node, viewerPermissions: ['READ'] }]);
      // An Editor of one namespace has no permissions in the whole tenant.
      expect(await bob.codes(list)).toEqual(['FORBIDDEN']);
      expect(await carol.codes(update, { i: { id, level: 'ALERT' } })).toEqual(['FORBIDDEN']);
      expect(await carol.codes(remove, { i: { id } })).toEqual(['FORBIDDEN']);
      expect(await alice.codes(update, { i: { id, until: '2000-01-01T00:00:00Z' } })).toEqual(['BAD_INPUT']);
      let count = 0;
      await until(
        'the subscription sends a change',
        async () => {
          // Repeated, because the subscription can start late.
          await alice.ok(update, { i: { id, level: 'ALERT', title: `Maintenance ${count++}` } });
          return live.some(({ announcement }) => announcement?.level === 'ALERT');
        },
        20_000,
      );
      const change = live.find(({ announcement }) => announcement?.level === 'ALERT');
      expect(change).toMatchObject({
        kind: 'CHANGED',
        id,
        announcement: { title: expect.stringMatching(/^Maintenance \d+$/) },
      });
      expect((await alice.ok(remove, { i: { id } })).deleteAnnouncement.deletedId).toBe(id);
      await until('the subscription sends the removal', () => live.some(({ kind }) => kind === 'REMOVED'), 20_000);
      end.abort();
      await following;
      expect((await alice.ok(list)).tenant.announcements.totalCount).toBe(0);
    });

    it('has an audit event with its patch for each change, and one for each refusal', async () => {
      const query = `query($o: ID!) { tenant(key: "main") { auditEvents(first: 50, where: { object: $o }) {
        nodes { action outcome actorName patch } } } }`;
      const { auditEvents } = (await gateway.client('alice').ok(query, { o: id })).tenant;
      const of = (action: string, outcome: string) =>
        auditEvents.nodes.filter((one: any) => one.action === action && one.outcome === outcome);
      const [created] = of('announcement.create', 'SUCCESS');
      expect(JSON.stringify(created.patch)).toContain('On Sunday from 8 to 9.');
      const changed = of('announcement.update', 'SUCCESS').flatMap(({ patch }: any) => patch);
      expect(changed).toContainEqual({ op: 'replace', path: '/level', value: 'ALERT' });
      expect(of('announcement.delete', 'SUCCESS')).toHaveLength(1);
      expect(of('announcement.update', 'DENIED')).toMatchObject([{ actorName: 'carol' }]);
    });

    it('is deleted with its tenant, with an event for each row', async () => {
      const alice = gateway.client('alice');
      for (const title of ['One', 'Two']) {
        const { text, i } = create(title);
        await alice.ok(text, { i });
      }
      const { id: tenant } = (await alice.ok(list)).tenant;
      const deletion = 'mutation($i: DeleteTenantInput!) { deleteTenant(input: $i) { key } }';
      expect(await gateway.client('admin').ok(deletion, { i: { id: tenant } })).toEqual({
        deleteTenant: { key: 'main' },
      });
      expect(await onServer(databases[store], 'SELECT 1 FROM "Announcement"')).toEqual([]);
      const events = await onServer(
        databases[store],
        `SELECT "resourceKey" AS key FROM "AuditEvent" WHERE action = 'announcement.delete' AND "actorName" = 'admin'`,
      );
      expect(events.map(({ key }) => key).sort()).toEqual(['One', 'Two']);
      await gateway.stop();
    });
  });
});
