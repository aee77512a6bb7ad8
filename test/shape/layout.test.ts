import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resourceNames } from '../../src/access/catalog.ts';
import { resourceDefinition } from '../../src/access/resource.ts';
import { modelOf } from '../../src/db/rows/model.ts';
import '../../src/resources/index.ts';

const root = join(import.meta.dirname, '..', '..');
const files = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('generated') && !path.startsWith('src/console/'));

/** Layers: a file imports from its own folder and from lower layers only. */
const layers: Record<string, number> = {
  lib: 0,
  client: 0,
  expressions: 0,
  'demo-engine': 1,
  engine: 0,
  'config.ts': 0,
  'config-file.ts': 0,
  'config-sign-in.ts': 0,
  'config-telemetry.ts': 0,
  'errors.ts': 0,
  'version.ts': 0,
  db: 1,
  access: 2,
  policy: 3,
  audit: 3,
  auth: 4,
  graphql: 5,
  resources: 6,
  server: 7,
  'schema.ts': 7,
  bootstrap: 8,
  cli: 8,
  'jobs.ts': 8,
  'app.ts': 8,
  'main.ts': 9,
  pack: 9,
};
const layerOf = (path: string): [string, number] => {
  const [, first = ''] = path.split('/');
  return [first, layers[first] ?? Number.NaN];
};
const importsOf = (path: string): string[] =>
  [
    ...readFileSync(join(root, path), 'utf8').matchAll(
      /^(?:import|export)\s[^'"]*?['"](\.[^'"]+)['"]|^import ['"](\.[^'"]+)['"]|\bimport\(['"](\.[^'"]+)['"]\)/gm,
    ),
  ].map((match) => relative(root, resolve(root, dirname(path), (match[1] ?? match[2] ?? match[3])!)));
const source = files('src');
const edges = source.flatMap((from) =>
  importsOf(from)
    .filter((to) => to.startsWith('src/'))
    .map((to) => ({ from, to })),
);

const readmes = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === 'README.md' && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

describe('the layout', () => {
  it('assigns every file to a layer', () => {
    expect(source.filter((path) => Number.isNaN(layerOf(path)[1]))).toEqual([]);
    expect(edges.length).toBeGreaterThan(300);
  });

  it('has documents that name existing files only', () => {
    const documents = ['README.md', ...readmes('src'), ...readmes('plugins'), ...readmes('test')];
    const text = documents.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
    // Files that the commands in examples create.
    const written = new Set(['plugins/archived.ts', 'test/plugins/archived.test.ts']);
    const missing: string[] = [];
    let found = 0;
    for (const line of text.split('\n')) {
      let folder = '';
      for (const [, name = ''] of line.matchAll(/`([\w./*-]+)`/g)) {
        const isPath = /^(src|test|plugins|prisma)\//.test(name);
        if (isPath) folder = name.endsWith('/') ? name : `${dirname(name)}/`;
        if (!isPath && (folder === '' || !/^[\w-]+\.(ts|yaml)$/.test(name))) continue;
        // Placeholders and patterns are not checked.
        const path = isPath ? name : `${folder}${name}`;
        if (/\*|^src\/resources\/[\w-]+\.ts$/.test(path) || written.has(path)) continue;
        found += 1;
        if (!existsSync(join(root, path))) missing.push(path);
      }
    }
    expect(missing).toEqual([]);
    expect(found).toBeGreaterThan(50);
  });

  it('has documents with valid links only', () => {
    const broken = ['README.md', ...readmes('src'), ...readmes('plugins'), ...readmes('test')].flatMap((document) =>
      [...readFileSync(join(root, document), 'utf8').matchAll(/\]\(([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^https?:/.test(target) && !existsSync(resolve(root, dirname(document), target)))
        .map((target) => `${document}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('keeps the console apart: it imports nothing of the server, and the server nothing of it', () => {
    const own = readdirSync(join(root, 'src/console'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((path) => !/\/(generated|dist)\//.test(path));
    const outward = own.flatMap((from) => importsOf(from).filter((to) => !to.startsWith('src/console/')));
    expect(own.length).toBeGreaterThan(20);
    expect(outward).toEqual([]);
    expect(edges.filter(({ to }) => to.startsWith('src/console/'))).toEqual([]);
  });

  it('imports from lower layers only', () => {
    const upward = edges.filter(({ from, to }) => layerOf(to)[1] > layerOf(from)[1]);
    expect(upward).toEqual([]);
  });

  it('keeps policy and audit apart', () => {
    expect(
      edges.filter(
        ({ from, to }) =>
          /^src\/(policy|audit)\//.test(from) &&
          /^src\/(policy|audit)\//.test(to) &&
          from.split('/')[1] !== to.split('/')[1],
      ),
    ).toEqual([]);
  });

  it("lets a resource import another's service or resource, never its schema", () => {
    const foreign = edges.filter(
      ({ from, to }) =>
        to.startsWith('src/resources/') &&
        to.endsWith('schema.ts') &&
        dirname(from) !== dirname(to) &&
        from !== 'src/resources/index.ts',
    );
    expect(foreign).toEqual([]);
  });

  it('has three groups of resources, each of which imports from the preceding ones only', () => {
    const groups = ['orchestration', 'identity', 'governance'];
    const groupOf = (path: string) => (path.startsWith('src/resources/') ? groups.indexOf(path.split('/')[2]!) : -1);
    const folders = new Set(source.filter((path) => /^src\/resources\/.*\//.test(path)).map((p) => p.split('/')[2]));
    expect([...folders].toSorted()).toEqual(groups.toSorted());
    expect(edges.filter(({ from, to }) => groupOf(from) >= 0 && groupOf(to) > groupOf(from))).toEqual([]);
    const shared = edges.filter(({ from }) => /^src\/resources\/[^/]+\.ts$/.test(from) && !from.endsWith('/index.ts'));
    expect(shared.filter(({ to }) => groupOf(to) >= 0)).toEqual([]);
  });

  it('keeps GraphQL out of services', () => {
    const services = source.filter((path) =>
      /resources\/.*(service|members|managed|resource|last-super-admin)\.ts$/.test(path),
    );
    expect(services.length).toBeGreaterThan(10);
    expect(edges.filter(({ from, to }) => services.includes(from) && to.startsWith('src/graphql/'))).toEqual([]);
  });

  it('lets a plugin import the contract and its own folder only', () => {
    for (const plugin of files('plugins')) {
      const own = `plugins/${plugin.split('/')[1]!.replace('.ts', '')}/`;
      const seen = importsOf(plugin).filter((path) => !path.startsWith(own));
      expect(['src/policy/contract.ts'], plugin).toEqual(expect.arrayContaining(seen));
    }
  });

  it('uses CASL in the policy engine only, and reads the environment in config.ts only', () => {
    const holding = (pattern: RegExp) => source.filter((path) => pattern.test(readFileSync(join(root, path), 'utf8')));
    expect(holding(/@casl\//)).toEqual(['src/policy/decide/built-in-grants/roles.ts']);
    expect(holding(/process\.env/)).toEqual(['src/config.ts']);
  });

  it('loads OpenTelemetry in the files of telemetry only, and those on demand', () => {
    const users = source.filter((path) => /@opentelemetry\//.test(readFileSync(join(root, path), 'utf8')));
    const own = ['histogram', 'metrics', 'traces'].map((name) => `src/server/telemetry/${name}.ts`);
    expect(users.toSorted()).toEqual(own);
    const statically = source.filter((path) =>
      /^(?:import|export) (?!type)[^;]*telemetry\/(?:metrics|traces|histogram)\.ts'/m.test(
        readFileSync(join(root, path), 'utf8'),
      ),
    );
    expect(statically).toEqual([]);
  });

  // Prisma batches findUnique calls of several requests, so cancelling one would cancel the others.
  it('reads single rows with findFirst outside of transactions', () => {
    const batching = source.filter((path) =>
      /\b(db|prisma)\.\w+\.findUnique/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(batching).toEqual([]);
  });

  it('has short files: median at most 80 lines, none above 320', () => {
    const sizes = source
      .map(
        (path) =>
          readFileSync(join(root, path), 'utf8')
            .split('\n')
            .filter((line) => line.trim() && !line.trim().startsWith('//')).length,
      )
      .sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(80);
    expect(sizes.at(-1)).toBeLessThanOrEqual(320);
  });

  it('declares every column with a secret, so that none is recorded', () => {
    const suspicious = resourceNames.flatMap((name) => {
      const { model, secret = [], audited = [] } = resourceDefinition(name) ?? {};
      if (!model || name === 'AUDITLOG') return [];
      return [...modelOf(model).columns.keys()]
        .filter((column) => /hash|secret|cipher|password|token/i.test(column))
        .filter((column) => !secret.includes(column) && !audited.includes(column))
        .map((column) => `${model}.${column}`);
    });
    expect(suspicious).toEqual([]);
  });
});
