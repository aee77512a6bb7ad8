import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Program } from '../server/tools.ts';
import { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { masterKey } from '../support/world.ts';

const project = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder('package');
const modules = join(folder, 'node_modules');
const run = (command: string, args: readonly string[], cwd = folder) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd });
  return { status, output: stdout + stderr };
};
let packed: string[];

/** Packages that `npm install` of the package installs. The lock file marks development packages. */
function linkDependencies(): void {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(project, path), join(folder, path));
  }
}

beforeAll(() => {
  // Scripts are run separately: with them, `npm pack` would regenerate the code of concurrently running tests.
  expect(run('npm', ['run', '-s', 'prepack'], project)).toEqual({ status: 0, output: '' });
  const made = spawnSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: project });
  const listed = JSON.parse(made.stdout.toString());
  const [{ filename, files }] = Array.isArray(listed) ? listed : (Object.values(listed) as any);
  packed = files.map(({ path }: { path: string }) => path);
  mkdirSync(join(modules, 'gatehouse'), { recursive: true });
  run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', join(modules, 'gatehouse')]);
  linkDependencies();
  writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('contains only the built program, its schema and its documents', () => {
    const own = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist/package.json', 'package.json', 'schema.graphql'];
    const built = (path: string) =>
      /^dist\/(src|plugins)\/.*\.(js|d\.ts)$/.test(path) ||
      /^dist\/src\/console\/dist\/(index\.html|assets\/[\w.-]+)$/.test(path) ||
      /^dist\/prisma\/migrations\/[^/]+\/migration\.sql$/.test(path) ||
      /^dist\/src\/(bootstrap\/demo-flows\/[^/]+|resources\/orchestration\/blueprint\/catalogue)\.yaml$/.test(path);
    expect(packed.filter((path) => !built(path)).sort()).toEqual(own);
    expect(packed.length).toBeGreaterThan(500);
  });

  it('locks its packages without registry addresses, and those of the benchmarks separately', () => {
    for (const folder of ['', 'test/bench/']) {
      const { packages } = JSON.parse(readFileSync(join(project, `${folder}package-lock.json`), 'utf8'));
      const locked = Object.entries<{ resolved?: string; integrity?: string }>(packages).filter(
        ([path]) => path !== '',
      );
      expect(locked.filter(([, { resolved }]) => /^\w+:/.test(resolved ?? ''))).toEqual([]);
      expect(locked.length).toBeGreaterThan(5);
    }
    const own = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    const bench = JSON.parse(readFileSync(join(project, 'test/bench/package.json'), 'utf8'));
    const all = Object.keys({ ...own.dependencies, ...own.devDependencies, ...own.optionalDependencies });
    // graphql is a link: schemas of two copies do not mix.
    const doubled = Object.entries(bench.dependencies).filter(
      ([name, from]) => all.includes(name) && !/^file:/.test(String(from)),
    );
    expect(doubled).toEqual([]);
  });

  it('ignores data folders, builds and tarballs in git', () => {
    const paths = ['.gatehouse/master.key', '.gatehouse-try/master.key', 'dist/src/main.js', 'gatehouse-0.1.0.tgz'];
    const { output } = run('git', ['check-ignore', '--no-index', ...paths], project);
    expect(output.trim().split('\n')).toEqual(paths);
  });

  it('resolves its exports in Node.js and in the TypeScript compiler', () => {
    const { exports } = JSON.parse(readFileSync(join(modules, 'gatehouse', 'package.json'), 'utf8'));
    const names = Object.keys(exports).filter((name) => name !== './package.json');
    expect(names).toEqual(['./client', './engine', './policy', './policy-testing']);
    writeFileSync(
      join(folder, 'use.ts'),
      `import { follow } from 'gatehouse/client';
import { type Command, Engine, executionIdOf } from 'gatehouse/engine';
import { abstain, definePolicy, deny, outside, z } from 'gatehouse/policy';
import { prepared } from 'gatehouse/policy-testing';
const policy = definePolicy({
  name: 'closed', description: 'x', resources: ['NAMESPACE'], config: z.strictObject({ closed: z.string() }),
  create: ({ closed }) => ({ evaluate: ({ actor }) => actor.kind === 'USER' ? deny('closed', outside(closed)) : abstain() }),
});
const { leaves } = await prepared(policy, { closed: 'a' });
export const kind: Command['kind'] = 'KILL';
export const engineOf = (token: string) => new Engine({ name: 'x', url: 'http://localhost:4000', token });
globalThis.console.log(typeof follow, executionIdOf('a', 'b').length, leaves({}, { namespace: 'a.b' }), leaves({}, { namespace: 'ab' }));
`,
    );
    expect(run(process.execPath, ['use.ts'])).toEqual({ status: 0, output: 'function 22 false true\n' });
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext'];
    const tsc = (file: string) => run(join(project, 'node_modules', '.bin', 'tsc'), [...options, file]);
    expect(tsc('use.ts')).toEqual({ status: 0, output: '' });
    // The control: a mismatch with the declarations is reported.
    writeFileSync(join(folder, 'wrong.ts'), "import { deny } from 'gatehouse/policy';\nexport const no = deny(1);\n");
    expect(tsc('wrong.ts').output).toContain("'number' is not assignable to parameter of type 'string'");
  });

  it('starts as a gateway, with its migrations, policies, blueprints and demo', async () => {
    const { host, user, password } = inject('server');
    const server = new pg.Client({ host, user, password, database: 'postgres' });
    await server.connect();
    await server.query('CREATE DATABASE packed');
    const main = join(modules, 'gatehouse', 'dist', 'src', 'main.js');
    const gateway = new Program([main], {
      PORT: String(await freePort()),
      DATABASE_URL: `postgresql://${user}:${password}@localhost/packed?host=${encodeURIComponent(host)}`,
      GATEHOUSE_MASTER_KEY: masterKey,
      GATEHOUSE_DEMO: '1',
    });
    try {
      const [, url] = await gateway.says(/listens on (\S+)/);
      const [, name, secret] = await gateway.says(/(alice) +password (\S+)/);
      const client = new Client(url!, { authorization: `Basic ${btoa(`${name}:${secret}`)}` });
      const { data } = await client.run('{ tenant(key: "main") { flows { totalCount } blueprints { totalCount } } }');
      expect(data).toMatchObject({
        tenant: { flows: { totalCount: 10 }, blueprints: { totalCount: expect.any(Number) } },
      });
      expect(await gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      if (gateway.isRunning) await gateway.kill();
      await server.query('DROP DATABASE packed WITH (FORCE)');
      await server.end();
    }
  });
});
