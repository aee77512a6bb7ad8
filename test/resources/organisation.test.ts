import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/access/catalog.ts';
import { loadPrincipal } from '../../src/policy/principals/principal.ts';
import { AccessSession } from '../../src/policy/session/session.ts';
import { graphql } from '../generated/index.ts';
import {
  describeOrganisations,
  namespaceOf,
  type Organisation,
  organisationFile,
  readOrganisations,
} from '../support/organisation.ts';
import { inventedOrganisations } from '../support/organisation-invented.ts';
import { OrganisationWalk, walkedPermissions } from '../support/organisation-walk.ts';
import { password, World } from '../support/world.ts';

const seen = graphql(`
  query RepositoryNamespaces($tenant: String!) {
    tenant(key: $tenant) { namespaces(first: 100) { nodes { name viewerPermissions } } }
  }
`);

const isReal = existsSync(organisationFile);
const cases = [
  {
    title: 'invented organisations',
    read: () => inventedOrganisations,
    seconds: 20,
    allowed: 100,
    shown: 5,
    every: 1,
  },
  {
    title: 'real organisations',
    read: () => (isReal ? readOrganisations() : []),
    seconds: 60,
    allowed: 100_000,
    shown: 50,
    every: 3,
  },
];

/** The short form checks a part of the users. */
const everyNth = process.env['SOAK'] === '1' ? 1 : 3;
const walked = <User>(users: readonly User[]): User[] => users.filter((_, i) => i % everyNth === 0);

describe.each(cases)('$title', ({ title, read, ...least }) => {
  const absent = title === 'real organisations' && !isReal;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-organisation-'));
  const file = join(folder, 'organisation.json');
  let world: World;
  let organisations: readonly Organisation[];
  let usernames: string[];

  const gatehouse = (...args: string[]): Promise<{ code: unknown; out: string; err: string }> =>
    new Promise((done) => {
      const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
      // Credentials from the environment, unless passed as arguments.
      const env = { ...process.env, GATEHOUSE_USER: `root:${password}` };
      execFile(process.execPath, [main, 'apply', ...args], { env }, (error, out, err) =>
        done({ code: error ? error.code : 0, out, err }),
      );
    });
  const apply = () => gatehouse(file, '--server', world.urls[0]!);

  beforeAll(async () => {
    if (absent) return;
    world = await World.create();
    organisations = read();
    const description = describeOrganisations(organisations);
    usernames = description.users.map(({ username }) => username);
    writeFileSync(file, JSON.stringify(description));
  });
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(absent)('loads in time', { timeout: 120_000 }, async () => {
    const startedAt = performance.now();
    const { code, out, err } = await apply();
    const seconds = (performance.now() - startedAt) / 1_000;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    console.log(`${out}loaded in ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(least.seconds);
    expect(await world.db.user.count()).toBe(usernames.length + 1);
    expect(await world.db.groupMember.count({ where: { membership: 'OWNER' } })).toBe(
      organisations.flatMap(({ teams }) => teams.flatMap(({ maintainers }) => maintainers)).length,
    );
    expect(await world.db.group.count()).toBe(
      organisations.flatMap(({ teams }) => teams).length + organisations.length,
    );
  });

  it.skipIf(absent)('finds nothing to do when applied again, and writes no event', { timeout: 120_000 }, async () => {
    const before = await world.db.auditEvent.count();
    const startedAt = performance.now();
    const { code, out } = await apply();
    console.log(`applied again in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    expect(code).toBe(0);
    expect(out).toBe(organisations.map(({ tenant }) => `${tenant}: no changes\n`).join(''));
    expect(await world.db.auditEvent.count()).toBe(before);
  });

  it.skipIf(absent)(
    "is decided as the organisation's own data says: every user, repository and permission",
    {
      timeout: 90_000,
    },
    async () => {
      const { freshness, policies } = world.app;
      const { engine } = policies;
      const tenants = await world.db.tenant.findMany();
      const rows = await world.db.user.findMany({ where: { superAdmin: false } });
      expect(rows.map(({ username }) => username).sort()).toEqual([...usernames].sort());
      const walks = organisations.map((organisation) => {
        const walk = new OrganisationWalk(organisation);
        const tenantId = tenants.find(({ key }) => key === organisation.tenant)!.id;
        return { walk, tenantId, repositories: walk.repositories };
      });
      const wrong: string[] = [];
      const counts = { questions: 0, allowed: 0 };
      for (const { id, username } of walked(rows)) {
        const principal = (await loadPrincipal(world.db, id))!;
        const identity = { principal, credential: { kind: 'basic' as const }, revision: principal.revision };
        const session = new AccessSession({
          engine,
          freshness,
          identify: () => identity,
          ip: undefined,
          requestId: 'walk',
        });
        await session.refresh();
        for (const { walk, tenantId, repositories } of walks) {
          for (const permission of walkedPermissions) {
            const grant = session.may(permission as Permission, { tenantId });
            for (const repository of repositories) {
              const said = grant?.matches({ tenantId, namespace: namespaceOf(repository) }) ?? false;
              counts.questions += 1;
              if (said) counts.allowed += 1;
              if (said !== walk.may(username, permission, repository))
                wrong.push(`${username} ${permission} ${repository}`);
            }
          }
        }
      }
      console.log(`${counts.questions} questions, ${counts.allowed} of them allowed`);
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(counts.questions).toBe(
        walked(rows).length * walkedPermissions.length * walks.flatMap(({ repositories }) => repositories).length,
      );
      expect(counts.allowed).toBeGreaterThan(least.allowed / everyNth);
    },
  );

  it.skipIf(absent)("is shown over HTTP as the organisation's own data says", async () => {
    const administered = (username: string) =>
      organisations.some(
        ({ admins, teams }) =>
          admins.includes(username) ||
          teams.some(
            ({ members, maintainers, repos }) =>
              Object.values(repos).includes('admin') && [...members, ...maintainers].includes(username),
          ),
      );
    const sample = [
      ...usernames.filter(administered).filter((_, i) => i % least.every === 0),
      ...usernames.filter((name) => !administered(name)).filter((_, i) => i % (20 * least.every) === 0),
    ];
    const rows = await world.db.user.findMany({ where: { username: { in: sample } } });
    let shown = 0;
    for (const row of rows) {
      const client = await world.as(row);
      for (const organisation of organisations) {
        const walk = new OrganisationWalk(organisation);
        const expected = Object.fromEntries(
          walk.repositories
            .filter((repository) => walk.may(row.username, 'NAMESPACE:READ', repository))
            .map((repository) => [
              namespaceOf(repository),
              ['CREATE', 'READ', 'UPDATE', 'DELETE'].filter((action) =>
                walk.may(row.username, `NAMESPACE:${action}`, repository),
              ),
            ]),
        );
        const { data } = await client.run(seen, { tenant: organisation.tenant });
        const nodes = data?.tenant?.namespaces?.nodes ?? [];
        expect(Object.fromEntries(nodes.map((node) => [node.name, node.viewerPermissions]))).toEqual(expected);
        shown += nodes.length;
      }
    }
    console.log(`${rows.length} users saw ${shown} namespaces over HTTP`);
    expect(shown).toBeGreaterThan(least.shown);
  });
});
