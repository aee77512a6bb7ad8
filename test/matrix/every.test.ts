import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainHash, digestOf } from '../../src/audit/event.ts';
import { deriveKeys } from '../../src/auth/keys.ts';
import { plainTypes } from '../../src/graphql/mutation/replay.ts';
import { open } from '../../src/lib/envelope.ts';
import type { AccessProjection } from '../../src/policy/past/projection.ts';
import { projectionAt } from '../../src/policy/past/read-projection.ts';
import { masterKey } from '../support/world.ts';
import { cases, documentOf, everything, fields, takesKey } from './every.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.create();
});
afterAll(() => stage.world.close());

/** The database's message for an event that it does not write. */
const faults = [
  ['P0001', 'a trigger'],
  ['53100', 'a full disk'],
  ['42501', 'a right that is missing'],
] as const;
const everyFault = process.env['SOAK'] === '1';

/** Blocks the recording of events while it runs. */
async function whileRefused<T>(state: string, work: () => Promise<T>): Promise<T> {
  const { db } = stage.world;
  await db.$executeRawUnsafe(
    `CREATE OR REPLACE FUNCTION refuse_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'an inner matter' USING ERRCODE = '${state}'; END $$`,
  );
  await db.$executeRawUnsafe(
    `CREATE TRIGGER refuse_events BEFORE INSERT ON "AuditEvent" FOR EACH ROW EXECUTE FUNCTION refuse_events()`,
  );
  return work().finally(() => db.$executeRawUnsafe('DROP TRIGGER refuse_events ON "AuditEvent"'));
}

/** Fields with a secret that is returned once. */
const shownOnce: Record<string, RegExp> = {
  fullToken: /^gth_/,
  link: /\?token=[\w-]{60}$/,
  secret: /^[A-Z2-7]{32}$/,
  uri: /^otpauth:/,
  recoveryCodes: /^\[("[A-Z2-7-]{19}",){9}"[A-Z2-7-]{19}"\]$/,
  options: /"challenge":"[\w-]{43}"/,
};

describe('every mutation', () => {
  const events = () => stage.world.db.auditEvent.count({ where: { outcome: 'SUCCESS' } });

  it('is covered, except those of engines that can be repeated anyway', () => {
    const tried = new Set(cases.map(({ field }) => field));
    const telemetry =
      'heartbeat reportPlugins claimTriggers reportTriggers reportTriggerLogs claimCommands reportExecutions reportLogs reportMetrics';
    expect(
      Object.keys(fields)
        .filter((field) => !takesKey(field))
        .sort(),
    ).toEqual(telemetry.split(' ').sort());
    expect(Object.keys(fields).filter((field) => takesKey(field) && !tried.has(field))).toEqual([]);
  });

  it('is stored by IDs, except for types without rows', () => {
    const plain = Object.entries(fields)
      .filter(([field]) => takesKey(field))
      .flatMap(([, { type }]) => [...plainTypes(type)].slice(1).map(({ name }) => name));
    expect([...new Set(plain)].sort()).toEqual([
      'BindingResult',
      'DeletedBindingResult',
      'ExecutionResult',
      'FlowResult',
      'ImportedFlow',
      'ItemError',
      'Passkey',
      'Policy',
      'SourceIssue',
      'TriggerResult',
      'WorkloadTrust',
    ]);
  });

  const tried = cases.filter(({ field }) => takesKey(field)).map((one, number) => ({ ...one, number }));
  it.each(tried)(
    'rolls back without its event, and takes effect once per idempotencyKey: $permission by $field',
    async ({ field, make, number }) => {
      const { client, input } = await make(stage);
      const key = stage.name('key');
      const document = documentOf(field);
      const send = (content: object) => client.run<any>(document, { i: { ...content, idempotencyKey: key } });
      const clear = await everything(stage);
      for (const [state] of everyFault ? faults : [faults[number % faults.length]!]) {
        // It changes nothing, so there is nothing to record.
        if (field === 'validateFlow') continue;
        const { data, errors } = await whileRefused(state, () => send(input));
        expect(data?.[field] ?? null).toBeNull();
        expect(errors.map(({ extensions, message }) => [extensions.code, message])).toEqual([
          ['UNAVAILABLE', 'The audit log is currently not writable, so the request was refused. Try again later.'],
        ]);
        expect(stage.world.log.splice(0).join('')).toMatch(/The audit log is currently not writable.*an inner matter/);
        expect(await everything(stage)).toBe(clear);
      }

      const first = await send(input);
      expect(first.errors).toEqual([]);
      const [before, reported] = [await everything(stage), await events()];

      const changedPassword = field === 'changeMyPassword';
      const again = changedPassword
        ? await stage.world
            .basic(await nameOf(stage, first), String(input['newPassword']))
            .run<any>(document, { i: { ...input, idempotencyKey: key } })
        : await send({ ...input, ...(field !== 'validateFlow' && { reason: 'said otherwise' }) });
      // A caller who grants access may be unable to read users: after the first result, they know the user.
      const unread =
        field === 'grantTenantAccess'
          ? ['subject', 'user'].map((name) => ['NOT_FOUND', `grantTenantAccess,${name}`])
          : [];
      expect(again.errors.map(({ extensions, path }) => [extensions.code, `${path}`]).sort()).toEqual(unread);
      // An object is no secret.
      const isShown = (value: any) => value != null && value.__typename === undefined;
      const shown = Object.keys(shownOnce).filter((name) => isShown(first.data[field][name]));
      const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
      const known = shown.map((name) => textOf(first.data[field][name]));
      for (const name of shown) {
        expect(textOf(first.data[field][name])).toMatch(shownOnce[name]!);
        first.data[field][name] = null;
      }
      if (field === 'grantTenantAccess') first.data[field] = { ...first.data[field], user: null, subject: null };
      expect(again.data).toEqual(first.data);
      expect(await events()).toBe(reported);
      expect(await everything(stage)).toBe(before);

      // Neither the input nor a one-time value can be read from the stored result, even with the key.
      const row = await stage.world.db.idempotencyKey.findFirstOrThrow({ where: { key } });
      const owner = [row.principalId, row.impersonatorId, row.key];
      const kept = open(deriveKeys(masterKey).idempotency[0]!, row.answer, owner).toString();
      for (const secret of [
        ...known,
        input['password'],
        input['currentPassword'],
        input['newPassword'],
        input['value'],
      ])
        if (typeof secret === 'string' && secret.length > 4) expect(kept + JSON.stringify(row)).not.toContain(secret);
      expect(kept).not.toMatch(/argon2|passwordHash|"sealed"|gth_[0-9A-Za-z]{36}/);

      const { input: other } = await make(stage);
      if (JSON.stringify(other) === JSON.stringify(input) || changedPassword) return;
      const otherwise = await send(other);
      expect(otherwise.errors.map(({ extensions }) => extensions.code)).toEqual(['CONFLICT']);
      expect(await events()).toBeGreaterThanOrEqual(reported);
    },
  );
});

/** Independent of the library that writes what is hashed: sorted members, no null. */
const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_name, member) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

describe('the audit events of every mutation', () => {
  it('are hashed in canonical form', async () => {
    const events = await stage.world.db.auditEvent.findMany();
    for (const { ordinal: _o, transaction: _t, seq, prevHash, hash, ...content } of events) {
      const present = Object.fromEntries(Object.entries(content).filter(([, value]) => value !== null));
      expect([content.action, chainHash(prevHash, seq, digestOf(sortedJson(present)))]).toEqual([content.action, hash]);
    }
    expect(new Set(events.map(({ action }) => action)).size).toBeGreaterThan(60);
  });

  const sorted = (rows: Iterable<unknown[]>) => [...rows].map((row) => JSON.stringify(row)).sort();
  const noPermissions: readonly string[] = [];

  it('reproduce the current permissions', async () => {
    const { db } = stage.world;
    const projections = new Map<string, AccessProjection>();
    for (const { tenantId } of await db.auditHead.findMany())
      projections.set(tenantId, (await projectionAt(db, tenantId, new Date())).projection);
    const rebuilt = (kind: Parameters<AccessProjection['of']>[0], fields: readonly string[]) =>
      sorted(
        [...projections].flatMap(([chain, projection]) =>
          [...projection.of(kind)].map(([id, row]) => [chain, id, ...fields.map((field) => row[field] ?? null)]),
        ),
      );
    const chainOf = ({ tenantId }: { tenantId: string | null }) => tenantId ?? '';
    const [users, accounts, groups, members, roles, bindings, accesses] = await Promise.all([
      db.user.findMany(),
      db.serviceAccount.findMany(),
      db.group.findMany(),
      db.groupMember.findMany(),
      db.role.findMany(),
      db.binding.findMany(),
      db.tenantAccess.findMany(),
    ]);
    expect(rebuilt('USER', ['username', 'superAdmin', 'disabled'])).toEqual(
      sorted(users.map((one) => ['', one.id, one.username, one.superAdmin, one.disabled])),
    );
    expect(rebuilt('SERVICE_ACCOUNT', ['name', 'superAdmin'])).toEqual(
      sorted(accounts.map((one) => [chainOf(one), one.id, one.name, one.superAdmin])),
    );
    expect(rebuilt('GROUP', ['name'])).toEqual(sorted(groups.map((one) => [one.tenantId, one.id, one.name])));
    expect(rebuilt('MEMBER', ['groupId', 'principalId', 'membership'])).toEqual(
      sorted(
        members.map((one) => [
          one.tenantId,
          `${one.groupId} ${one.principalId}`,
          one.groupId,
          one.principalId,
          one.membership,
        ]),
      ),
    );
    expect(rebuilt('ROLE', ['name', 'permissions'])).toEqual(
      sorted(roles.map((one) => [chainOf(one), one.id, one.name, one.permissions ?? noPermissions])),
    );
    expect(rebuilt('BINDING', ['roleId', 'groupId', 'principalId', 'namespace'])).toEqual(
      sorted(bindings.map((one) => [chainOf(one), one.id, one.roleId, one.groupId, one.principalId, one.namespace])),
    );
    expect(rebuilt('TENANT_ACCESS', ['principalId']).length).toBe(accesses.length);
    expect(users.length).toBeGreaterThan(50);
  });
});

const nameOf = async (stage: Stage, { data }: { data: any }): Promise<string> => {
  const id = Buffer.from(data.changeMyPassword.user.id, 'base64').toString().split(':')[1]!;
  return (await stage.world.db.user.findUniqueOrThrow({ where: { id } })).username;
};
