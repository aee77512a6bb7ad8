import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import type { Answer } from '../support/client.ts';
import { World } from '../support/world.ts';

const unavailable = 'The audit log is currently not writable, so the request was refused. Try again later.';
const answer = ({ status, errors }: Answer<unknown>) => [status, errors[0]?.extensions.code, errors[0]?.message];
const createGroup = (name: string) =>
  `mutation { createGroup(input: { tenantKey: "a", name: "${name}" }) { group { id } } }`;

/** Mounts a disk of so many megabytes for PostgreSQL. Returns undefined if the process cannot mount one. */
function smallDisk(megabytes: number): { folder: string; remove: () => void } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=777`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  chmodSync(folder, 0o700);
  execFileSync('chown', ['nobody', folder]);
  return {
    folder,
    remove() {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

describe('an audit log that is not writable', () => {
  const role = `r_${randomBytes(6).toString('hex')}`;
  let world: World;
  let a: Tenant;
  let member: User;
  const onServer = async (statement: string) => {
    const client = new pg.Client({ ...inject('server'), database: 'postgres' });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  beforeAll(async () => {
    await onServer(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'of a test'`);
    world = await World.create({
      gateways: 2,
      through: ({ connection }, index) =>
        index === 1 ? { ...connection, user: role, password: 'of a test' } : undefined,
    });
    a = await world.tenant('a');
    member = await world.user('member', [a]);
    // From now on, the second gateway has every privilege except to insert events.
    await world.db.$executeRawUnsafe(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    await world.db.$executeRawUnsafe(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    await world.db.$executeRawUnsafe(`REVOKE INSERT ON "AuditEvent" FROM ${role}`);
    await onServer(`ALTER ROLE ${role} NOSUPERUSER`);
  });
  afterAll(async () => {
    await world.close();
    await onServer(`DROP ROLE ${role}`);
  });

  it('refuses changes, denials and failed sign-ins with UNAVAILABLE without the privilege to insert events', async () => {
    const root = world.root(1);
    const refused = await world.as(member, 1);
    const closed = [503, 'UNAVAILABLE', unavailable];
    expect(answer(await root.run(createGroup('Unseen')))).toEqual(closed);
    expect(answer(await refused.run(createGroup('Refused')))).toEqual(closed);
    expect(answer(await refused.run('{ tenant(key: "a") { groups { totalCount } } }'))).toEqual(closed);
    expect(answer(await world.basic('member', 'not the password', 1).run('{ viewer { name } }'))).toEqual(closed);
    expect(await world.db.group.count({ where: { name: { in: ['Unseen', 'Refused'] } } })).toBe(0);
    // The attempt counts towards the lock, and is not recorded.
    expect(await world.db.signInFailure.count({ where: { NOT: { minute: null } } })).toBe(0);
    // Requests that are not recorded continue to work.
    expect((await root.ok('{ tenants { nodes { key } } }')).tenants.nodes).toEqual([{ key: 'a' }]);
    // The log of the gateway has the reason that the caller does not get.
    expect(world.log.splice(0).join('')).toMatch(/permission denied for table AuditEvent/);

    await world.db.$executeRawUnsafe(`GRANT INSERT ON "AuditEvent" TO ${role}`);
    await root.ok(createGroup('Seen'));
    expect(answer(await refused.run(createGroup('Refused'))).slice(0, 2)).toEqual([200, 'FORBIDDEN']);
    expect(world.log).toEqual([]);
  });

  const disk = smallDisk(1);
  it.skipIf(!disk)(
    'leaves no change without its event if its disk is full (skipped if no small disk can be mounted)',
    async () => {
      const { db } = world;
      const space = `s_${randomBytes(6).toString('hex')}`;
      const root = world.root();
      try {
        await onServer(`CREATE TABLESPACE ${space} LOCATION '${disk!.folder}'`);
        await db.$executeRawUnsafe(`ALTER TABLE "AuditEvent" SET TABLESPACE ${space}`);
        const create =
          'mutation($name: String!, $text: String) { createGroup(input: { tenantKey: "a", name: $name, description: $text }) { group { id } } }';
        const done: string[] = [];
        let last: Answer<unknown> | undefined;
        while (done.length < 2_000) {
          const name = `Group ${done.length}`;
          last = await root.run(create, { name, text: randomBytes(2_000).toString('base64url').slice(0, 1_900) });
          if (last.errors.length > 0) break;
          done.push(name);
        }
        expect(answer(last!)).toEqual([503, 'UNAVAILABLE', unavailable]);
        expect(world.log.splice(0).join('')).toMatch(/No space left on device/);
        expect(done.length).toBeGreaterThan(10);
        const there = await db.group.findMany({ where: { name: { startsWith: 'Group ' } }, select: { name: true } });
        expect(there.map(({ name }) => name).sort()).toEqual([...done].sort());
        const events = { action: 'group.create', resourceKey: { startsWith: 'Group ' } };
        expect(await db.auditEvent.count({ where: events })).toBe(done.length);
        await db.$executeRawUnsafe('ALTER TABLE "AuditEvent" SET TABLESPACE pg_default');
        await root.ok(create, { name: `Group ${done.length}`, text: '' });
        expect(await db.auditEvent.count({ where: events })).toBe(done.length + 1);
      } finally {
        await db.$executeRawUnsafe('ALTER TABLE "AuditEvent" SET TABLESPACE pg_default');
        await onServer(`DROP TABLESPACE IF EXISTS ${space}`);
        disk!.remove();
      }
    },
  );
});
