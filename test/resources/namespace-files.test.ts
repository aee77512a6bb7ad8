import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const put = call('putNamespaceFile', 'file { path size digest content contentBase64 }');
const remove = call('deleteNamespaceFile', 'path');

describe('files of namespaces', () => {
  let world: World;
  let main: Tenant;
  let admin: Client;
  let next = 0;

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const user = await world.user('admin', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Admin'));
    admin = await world.as(user);
    for (const name of ['company', 'company.team', 'other']) await world.namespace(main, name);
  });
  afterAll(() => world.close());

  const write = (namespace: string, path: string, content: object = { content: 'SELECT 1' }, client = admin) =>
    client.run<any>(put, { i: { tenantKey: 'main', namespaceName: namespace, path, ...content } });
  const files = async (namespace: string, args = '', client = admin) =>
    (
      await client.ok<any>(
        `query($n: String!) { tenant(key: "main") { namespace(name: $n) { files(first: 50 ${args}) { totalCount nodes { path size } } } } }`,
        { n: namespace },
      )
    ).tenant.namespace?.files;

  it('are returned as written, text or binary', async () => {
    const text = 'Größe: 🙂\r\n\ttabs stay\n';
    const { data } = await write('company', 'scripts/a.py', { content: text });
    expect(data.putNamespaceFile.file).toMatchObject({
      path: '/scripts/a.py',
      size: Buffer.byteLength(text),
      content: text,
      contentBase64: Buffer.from(text).toString('base64'),
    });
    const bytes = Buffer.from([0, 255, 1, 254, 0]).toString('base64');
    const other = (await write('company', '/data.bin', { contentBase64: bytes })).data.putNamespaceFile.file;
    expect(other).toMatchObject({ size: 5, content: null, contentBase64: bytes });
    expect((await write('company', '/empty', { content: '' })).data.putNamespaceFile.file.size).toBe(0);
    const answer = await admin.ok<any>(
      '{ tenant(key: "main") { namespace(name: "company") { a: file(path: "scripts/a.py") { content } b: file(path: "/nothing") { path } c: file(path: "../x") { path } } } }',
    );
    expect(answer.tenant.namespace).toEqual({ a: { content: text }, b: null, c: null });
  });

  it('are listed by folder and text, page by page, without loading their contents', async () => {
    for (const path of ['/sql/a.sql', '/sql/deep/b.sql', '/sqlx/c.sql', '/sql_x']) await write('company.team', path);
    const paths = async (args: string) => (await files('company.team', args)).nodes.map(({ path }: any) => path);
    expect(await paths('')).toEqual(['/sql/a.sql', '/sql/deep/b.sql', '/sql_x', '/sqlx/c.sql']);
    expect(await paths(', where: { folder: "sql" }')).toEqual(['/sql/a.sql', '/sql/deep/b.sql']);
    expect(await paths(', where: { folder: "/" }')).toHaveLength(4);
    expect(await paths(', where: { text: "SQL_" }')).toEqual(['/sql_x']);
    expect((await files('company')).totalCount).toBe(3);
  });

  it('are replaced and deleted with an event each; equal content records none', async () => {
    const events = async () =>
      (
        await world.db.auditEvent.findMany({
          where: { resource: 'NAMESPACE', resourceKey: 'other: /a' },
          orderBy: { seq: 'asc' },
        })
      ).map(({ action, patch }) => [action, (patch as any[]).map(({ path }) => path)]);
    await write('other', '/a', { content: 'one' });
    await write('other', '/a', { content: 'one' });
    await write('other', '/a', { content: 'twos' });
    await admin.ok(remove, { i: { tenantKey: 'main', namespaceName: 'other', path: 'a' } });
    expect(await events()).toEqual([
      ['namespace.put-file', ['']],
      ['namespace.put-file', ['/digest', '/size']],
      ['namespace.delete-file', ['']],
    ]);
    expect(await admin.codes(remove, { i: { tenantKey: 'main', namespaceName: 'other', path: 'a' } })).toEqual([
      'NOT_FOUND',
    ]);
    // Its content is in no event.
    const all = JSON.stringify(await world.db.auditEvent.findMany({ select: { patch: true, revertPatch: true } }));
    expect(all).not.toContain('tabs stay');
  });

  it.each([
    ['', 'path'],
    ['/', 'path'],
    ['/a//b', 'path'],
    ['/../etc/passwd', 'path'],
    ['/a/./b', 'path'],
    ['/a/', 'path'],
    ['/a\\b', 'path'],
    ['/a\u0000b', 'path'],
    ['/line\nbreak', 'path'],
    [`/${'x'.repeat(500)}`, 'path'],
  ])('are refused at the path %j', async (path, field) => {
    const { errors } = await write('company', path);
    expect(errors[0]?.extensions.code).toBe('BAD_INPUT');
    const issues = errors[0]!.extensions['issues'] as { path: unknown[] }[] | undefined;
    expect(issues![0]!.path.at(-1)).toBe(field);
    expect(await files('company', ', where: { text: "" }')).toMatchObject({ totalCount: 3 });
  });

  it('require one content of limited size, a name that is not a folder, and an existing namespace', async () => {
    const code = async (...args: Parameters<typeof write>) => (await write(...args)).errors[0]?.extensions.code;
    expect(await code('company', '/x', {})).toBe('BAD_INPUT');
    expect(await code('company', '/x', { content: 'a', contentBase64: 'YQ==' })).toBe('BAD_INPUT');
    expect(await code('company', '/x', { contentBase64: '?' })).toBe('BAD_INPUT');
    expect(await code('company', '/x', { content: 'x'.repeat(700_001) })).toBe('BAD_INPUT');
    expect(await code('company', '/x', { content: 'x'.repeat(700_000) })).toBeUndefined();
    expect(await code('company', '/x/y')).toBe('CONFLICT');
    expect(await code('company', '/scripts')).toBe('CONFLICT');
    expect(await code('nowhere', '/x')).toBe('NOT_FOUND');
    expect(await code('a..b', '/x')).toBe('BAD_INPUT');
  });

  it('are readable and writable with their namespace, and look missing to others', async () => {
    const user = await world.user(`u${next++}`, [main]);
    await world.grant(main, user, ['NAMESPACE:READ'], 'company');
    await world.grant(main, user, ['NAMESPACE:UPDATE'], 'company.team');
    const client = await world.as(user);
    expect((await files('company', '', client)).totalCount).toBeGreaterThan(0);
    expect(await files('other', '', client)).toBeUndefined();
    const code = async (namespace: string) =>
      (await write(namespace, '/mine', undefined, client)).errors[0]?.extensions.code;
    expect([await code('company.team'), await code('company'), await code('other'), await code('nowhere')]).toEqual([
      undefined,
      'FORBIDDEN',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
  });

  it('are writable with a permission of their own, which the managed Editor has', async () => {
    const editor = await world.user(`u${next++}`, [main]);
    await world.bind(main, { principal: editor }, await world.managed(main, 'Editor'), 'company.team');
    const client = await world.as(editor);
    const code = async (namespace: string) =>
      (await write(namespace, '/of-editor', undefined, client)).errors[0]?.extensions.code;
    expect([await code('company.team'), await code('company'), await code('nowhere')]).toEqual([
      undefined,
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
    const update = call('updateNamespace', 'namespace { id }');
    const { id } = await world.db.namespace.findFirstOrThrow({
      where: { tenantId: main.id, namespace: 'company.team' },
    });
    expect(await client.codes(update, { i: { id: idOf('Namespace', { id }), description: 'x' } })).toEqual([
      'FORBIDDEN',
    ]);
    const { action, resource } = await world.db.auditEvent.findFirstOrThrow({
      where: { actorId: editor.id, outcome: 'SUCCESS' },
    });
    expect([action, resource]).toEqual(['namespace.put-file', 'NAMESPACE']);
  });

  it('keep their namespace: an implied one remains, a created one cannot be deleted', async () => {
    const flow = await world.flow(main, flowSource('implied.only', 'x'));
    expect((await write('implied.only', '/a')).errors).toEqual([]);
    await admin.ok(call('deleteFlow', 'deletedId'), { i: { id: idOf('Flow', flow) } });
    expect((await files('implied.only')).totalCount).toBe(1);
    const made = await world.namespace(main, 'made');
    await write('made', '/a');
    const deleteNamespace = call('deleteNamespace', 'deletedId');
    expect(await admin.codes(deleteNamespace, { i: { id: idOf('Namespace', made) } })).toEqual(['CONFLICT']);
    await admin.ok(remove, { i: { tenantKey: 'main', namespaceName: 'made', path: '/a' } });
    await admin.ok(deleteNamespace, { i: { id: idOf('Namespace', made) } });
    const doomed = await world.tenant('doomed');
    await world.namespace(doomed, 'a');
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', doomed) } });
  });
});
