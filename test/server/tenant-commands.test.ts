import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { executionCommand } from '../../src/cli/execution.ts';
import { flowCommand } from '../../src/cli/flow.ts';
import { namespaceCommand } from '../../src/cli/namespace.ts';
import type { Command } from '../../src/cli/usage.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { type Engine, engineOf, reportOf } from '../support/engine.ts';
import { temporaryFolder } from '../support/folder.ts';
import { World } from '../support/world.ts';

const source = (namespace: string, id: string) => `# kept as it is
id: ${id}
namespace: ${namespace}
inputs: [{ id: day, type: STRING }, { id: count, type: INT, defaults: 1 }]
tasks: [{ id: one, type: log }]
`;

describe('the commands in a tenant of a running gateway', () => {
  const folder = temporaryFolder('commands');
  let world: World;
  let main: Tenant;
  let engine: Engine;
  let secret: string;
  const lines: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    for (const [namespace, id] of [
      ['company.x', 'hello'],
      ['company.x.deep', 'hello'],
      ['other', 'hello'],
    ] as const)
      await world.flow(main, source(namespace, id));
    const user = await world.user('editor', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Editor'));
    await world.grant(main, user, ['NAMESPACE:UPDATE']);
    const { authorization } = (await world.as(user)).headers as { authorization: string };
    secret = authorization.replace('Bearer ', '');
    engine = await engineOf(world, main);
    vi.spyOn(console, 'log').mockImplementation((text) => void lines.push(String(text)));
    vi.spyOn(console, 'error').mockImplementation((text) => void faults.push(String(text)));
    vi.stubEnv('GATEHOUSE_API_TOKEN', secret);
  });
  beforeEach(() => {
    lines.length = 0;
    faults.length = 0;
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
    await world.close();
  });
  const run = (command: Command, ...args: string[]) =>
    command.run([...args, '--tenant', 'main', '--server', world.urls[0]!]);

  it('export the flows byte for byte, of a namespace too, and check sources with their lines', async () => {
    const all = join(folder, 'all');
    expect(await run(flowCommand, 'export', all)).toBe(0);
    expect(lines).toEqual([`main: 3 flows written to ${all}`]);
    expect(readFileSync(join(all, 'company.x', 'hello.yaml'), 'utf8')).toBe(source('company.x', 'hello'));
    expect(await run(flowCommand, 'export', join(folder, 'some'), '--namespace', 'company')).toBe(0);
    expect(lines[1]).toBe(`main: 2 flows written to ${join(folder, 'some')}`);
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'id: x\nnamespace: y\ntasks: 1\n');
    expect(await run(flowCommand, 'validate', join(all, 'other', 'hello.yaml'), bad)).toBe(1);
    expect(lines[2]).toContain('other/hello is valid');
    expect(faults).toEqual([expect.stringMatching(/bad\.yaml:3: /)]);
    await expect(run(flowCommand, 'nope')).rejects.toThrow(/gatehouse flow export DIR/);
    await expect(run(flowCommand, 'export')).rejects.toThrow(/argument is missing/);
    expect(await flowCommand.run(['export', all, '--tenant', 'nope', '--server', world.urls[0]!])).toBe(1);
  });

  it('start an execution with typed inputs, follow it to its end, and print its log', async () => {
    expect(await run(executionCommand, 'create', 'company.x', 'hello', '--input', 'count=x')).toBe(1);
    expect(faults.join('\n')).toMatch(/inputs\.day.*\n.*inputs\.count/);
    faults.length = 0;
    const args = ['company.x', 'hello', '--input', 'day=1', '--input', 'count=7', '--label', 'team=a'];
    expect(await run(executionCommand, 'create', ...args.with(3, 'day=monday'))).toBe(0);
    const [executionId] = lines as [string];
    const row = await world.db.execution.findFirstOrThrow({ where: { executionId } });
    expect([row.inputs, row.labels]).toEqual([{ day: 'monday', count: 7 }, { team: 'a' }]);
    const following = run(executionCommand, 'follow', executionId);
    await engine.report([reportOf(executionId, 1, ['CREATED', 'RUNNING'])]);
    const log = (sequence: number, level: string) => ({
      executionId,
      sequence: String(sequence),
      at: '2026-01-01T00:00:00Z',
      level,
      message: `line ${sequence}`,
      taskId: 'one',
    });
    await engine.logs([log(1, 'INFO'), log(2, 'WARN')]);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await engine.report([reportOf(executionId, 2, ['CREATED', 'RUNNING', 'FAILED'])]);
    expect(await following).toBe(1);
    expect(lines.slice(1)).toEqual(
      ['INFO ', 'WARN '].map((level, i) => `2026-01-01T00:00:00.000Z ${level} [one] line ${i + 1}`),
    );
    expect(faults.at(-1)).toBe(`${executionId}: FAILED`);
    expect(await run(executionCommand, 'logs', executionId, '--min-level', 'warn')).toBe(0);
    expect(lines.at(-1)).toContain('line 2');
    expect(await run(executionCommand, 'logs', 'nope')).toBe(1);
  });

  it('write a folder into a namespace: only what differs, and delete the rest if told', async () => {
    const from = join(folder, 'files');
    mkdirSync(join(from, 'sub'), { recursive: true });
    for (const name of ['a.txt', 'sub/b.py']) writeFileSync(join(from, name), `content of ${name}`);
    const update = (...args: string[]) => run(namespaceCommand, 'files', 'update', 'company.x', ...args);
    expect(await update(from, '/scripts')).toBe(0);
    expect(lines.at(-1)).toBe('company.x: 2 written, 0 unchanged, 0 deleted, 0 refused');
    writeFileSync(join(from, 'a.txt'), 'changed');
    rmSync(join(from, 'sub'), { recursive: true });
    expect(await update(from, 'scripts/')).toBe(0);
    expect(lines.at(-1)).toBe('company.x: 1 written, 0 unchanged, 0 deleted, 0 refused');
    expect(await update(from, 'scripts', '--delete')).toBe(0);
    expect(lines.at(-1)).toBe('company.x: 0 written, 1 unchanged, 1 deleted, 0 refused');
    const stored = await world.db.namespaceFile.findMany({ select: { path: true, content: true } });
    expect(stored.map(({ path, content }) => [path, Buffer.from(content).toString()])).toEqual([
      ['/scripts/a.txt', 'changed'],
    ]);
    expect(await update(join(from, 'a.txt'))).toBe(0);
    expect((await world.db.namespaceFile.findMany()).map(({ path }) => path).sort()).toEqual([
      '/a.txt',
      '/scripts/a.txt',
    ]);
    await expect(update(join(folder, 'nope'))).rejects.toThrow(/cannot be read/);
    expect(await run(namespaceCommand, 'files', 'update', 'nope', from)).toBe(1);
  });
});
