import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import '../../src/resources/index.ts';
import { readConfig } from '../../src/config.ts';
import { loadPolicies, PolicyLoadError } from '../../src/policy/load/load.ts';
import { describeSet, fingerprintOf, lostGuards } from '../../src/policy/load/policy-set.ts';
import type { PlaceOf } from '../../src/policy/load/references.ts';
import { temporaryFolder } from '../support/folder.ts';

const root = temporaryFolder('policies');
const contract = join(import.meta.dirname, '..', '..', 'src', 'policy', 'contract.ts');
let next = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder with these policy files. `BODY` can use definePolicy, deny, abstain, allow and z. */
function folder(files: Record<string, string>): string {
  const path = join(root, String(next++));
  mkdirSync(path);
  const head = `import { abstain, allow, definePolicy, deny, groupReference, z } from ${JSON.stringify(contract)};\n`;
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), head + text);
  return path;
}
const guard = (name: string, more = '') =>
  `export default definePolicy({ name: '${name}', description: 'x', resources: ['GROUP'], ${more} create: () => ({ evaluate: () => abstain() }) });`;
const load = (
  files: Record<string, string> | string[],
  settings: Record<string, Record<string, unknown>> = {},
  mayGrant: string[] = [],
  placeOf?: PlaceOf,
) =>
  loadPolicies({
    folders: Array.isArray(files) ? files : [folder(files)],
    settings: settings as never,
    mayGrant,
    groups: new Map([['main/Release managers', 'g1']]),
    tenants: new Map([['main', 't1']]),
    placeOf,
  });
async function faults(...args: Parameters<typeof load>): Promise<string> {
  const error = await load(...args).then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(PolicyLoadError);
  return (error as Error).message;
}

describe('loading policies refuses the start, naming file and fault', () => {
  it.each([
    ['a name that is not the file', { 'a.ts': guard('b') }, /a\.ts: its name is b/],
    ['a syntax error', { 'a.ts': 'export default {{{' }, /a\.ts:2: /],
    ['no default export', { 'a.ts': 'export const x = 1;' }, /a\.ts: default export/],
    ['an unknown resource', { 'a.ts': guard('a').replace("'GROUP'", "'GRUOP'") }, /a\.ts: resources\.0/],
    ['an unknown action', { 'a.ts': guard('a', "actions: ['WRITE'],") }, /a\.ts: actions\.0/],
    ['an unknown mode', { 'a.ts': guard('a', "mode: 'both',") }, /a\.ts: mode/],
    [
      'a create that returns no policy',
      { 'a.ts': guard('a').replace('({ evaluate: () => abstain() })', '({})') },
      /no policy with evaluate/,
    ],
    [
      'a create that throws',
      { 'a.ts': guard('a').replace('({ evaluate: () => abstain() })', "{ throw new Error('boom'); }") },
      /boom/,
    ],
    [
      'a grant that is not accepted',
      { 'a.ts': guard('a', "mode: 'grant',") },
      /it grants permissions; add it to mayGrant/,
    ],
    ['a missing setting', { 'a.ts': guard('a', 'config: z.strictObject({ days: z.number() }),') }, /setting days/],
    [
      'a group that does not exist',
      { 'a.ts': guard('a').replace('create: () => (', "create: (_c, host) => (host.groups(['main/Nobody']), ") },
      /group main\/Nobody does not exist/,
    ],
  ])('%s', async (_what, files, fault) => {
    expect(await faults(files)).toMatch(fault);
  });

  it('reports an unknown setting, a missing policy, a missing grant and a duplicate name together', async () => {
    const one = folder({ 'a.ts': guard('a'), 'broken.ts': 'export default 1;' });
    const two = folder({ 'a.ts': guard('a') });
    const text = await faults([one, two, join(root, 'nowhere')], { a: { dayz: 3 }, ghost: {} }, ['phantom']);
    for (const fault of [
      /already loaded from/,
      /broken\.ts/,
      /dayz/,
      /policies\.ghost/,
      /mayGrant: policy phantom does not exist/,
      /nowhere: this folder does not exist/,
    ]) {
      expect(text).toMatch(fault);
    }
  });

  it('reports two files with one name, in one folder or in two', async () => {
    expect(await faults({ 'a.ts': guard('a'), 'a.mjs': guard('a') })).toMatch(
      /a\.ts: a policy named a was already loaded from .*a\.mjs/,
    );
    const [one, two] = [folder({ 'a.ts': guard('a') }), folder({ 'a.ts': guard('a') })];
    expect(await faults([one, two])).toContain(
      `${join(two, 'a.ts')}: a policy named a was already loaded from ${join(one, 'a.ts')}`,
    );
  });

  it('reports all faults of the settings together, with their lines', async () => {
    const path = join(root, 'gatehouse.yaml');
    writeFileSync(
      path,
      `policies:
  a:
    days: many
    dayz: 3
    rules:
      - { from: 1 }
      - { form: 2 }
  ghost: {}
policyFolders: ['${folder({
        'a.ts': guard(
          'a',
          'config: z.strictObject({ days: z.number(), rules: z.array(z.strictObject({ from: z.number() })) }),',
        ),
      })}']
`,
    );
    const config = readConfig({ GATEHOUSE_CONFIG: path });
    const text = await faults([...config.policyFolders], config.policies, [], config.placeOf);
    for (const [fault, line] of [
      ['setting days The value must be a number.', 3],
      ['setting dayz is not a known field.', 4],
      ['setting rules.1.from The field is required.', 7],
      ['setting rules.1 form is not a known field.', 7],
      ['policies.ghost: this policy does not exist', 8],
    ])
      expect(text).toContain(`${fault} (${path}:${line})`);
  });

  it('loads an external folder, also with shadow mode and disabled policies', async () => {
    const path = folder({
      'a.ts': guard('a'),
      'b.ts': guard('b'),
      'c.ts': guard('c', "mode: 'grant',").replace('abstain()', "allow('x')"),
    });
    const set = await load([path], { a: { shadow: true, enabled: true }, b: { enabled: false, shadow: false } }, ['c']);
    expect(
      set.policies.filter(({ builtIn }) => !builtIn).map(({ name, shadow, mode }) => [name, shadow, mode]),
    ).toEqual([
      ['a', true, 'guard'],
      ['c', false, 'grant'],
    ]);
    expect(set.disabled).toEqual(['b']);
  });

  it('identifies a set by its fingerprint, and detects a missing guard', async () => {
    const both = await load({ 'a.ts': guard('a'), 'b.ts': guard('b') });
    const same = await load({ 'b.ts': guard('b'), 'a.ts': guard('a') });
    const one = await load({ 'a.ts': guard('a') });
    const off = await load({ 'a.ts': guard('a'), 'b.ts': guard('b') }, { b: { enabled: false, shadow: false } });
    expect(fingerprintOf(same)).toBe(fingerprintOf(both));
    expect(new Set([both, one, off].map(fingerprintOf)).size).toBe(3);
    expect(lostGuards(describeSet(both), one)).toEqual(['b']);
    expect(lostGuards(describeSet(both), off)).toEqual([]);
    expect(lostGuards(describeSet(off), one)).toEqual(['b']);
  });
});

describe('a renamed policy', () => {
  const renamed = guard(
    'present',
    'formerly: { former: ({ days, ...more }) => ({ ...more, limit: days }) }, config: z.strictObject({ limit: z.number().optional() }),',
  );
  const ofPresent = async (settings: Record<string, Record<string, unknown>>) =>
    (await load({ 'present.ts': renamed }, settings)).policies.find(({ name }) => name === 'present');

  it('keeps the settings of its former name, including shadow mode', async () => {
    expect(await ofPresent({ former: { days: 3, shadow: true } })).toMatchObject({
      settings: { limit: 3 },
      shadow: true,
    });
    expect(await ofPresent({ present: { limit: 4 } })).toMatchObject({ settings: { limit: 4 }, shadow: false });
    const off = await load({ 'present.ts': renamed }, { former: { days: 3, enabled: false } });
    expect(off.disabled).toEqual(['present']);
    expect((await load(['plugins'], { 'token-age': { maxAgeDays: 90 } })).policies).toContainEqual(
      expect.objectContaining({
        name: 'token-hygiene',
        settings: expect.objectContaining({ users: expect.objectContaining({ maxAgeDays: 90 }) }),
      }),
    );
  });

  it('rejects settings under both names, and settings that are invalid now', async () => {
    expect(await faults({ 'present.ts': renamed }, { former: { days: 1 }, present: { limit: 2 } })).toMatch(
      /policies\.former: it is named present now/,
    );
    expect(await faults({ 'present.ts': renamed }, { former: { dayz: 1 } })).toMatch(/present\.ts: setting .*dayz/);
  });

  it('does not count as a lost guard if the former one was in force', async () => {
    const before = await load({ 'former.ts': guard('former') });
    expect(lostGuards(describeSet(before), await load({ 'present.ts': renamed }))).toEqual([]);
  });
});

describe('loading policies in Node itself, as a gateway does', () => {
  /** Loads these files in a separate process. */
  const inNode = (files: Record<string, string>) => {
    const path = join(root, String(next++));
    mkdirSync(path);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    const source = join(import.meta.dirname, '..', '..', 'src');
    const script = `
      await import(${JSON.stringify(join(source, 'resources', 'index.ts'))});
      const { loadPolicies } = await import(${JSON.stringify(join(source, 'policy', 'load', 'load.ts'))});
      const none = new Map();
      try {
        const { policies } = await loadPolicies({ folders: [${JSON.stringify(path)}], settings: {}, mayGrant: [], groups: none, tenants: none });
        console.log(policies.map(({ name }) => name).join());
      } catch (error) { console.log(error.message); }`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    return { text: stdout || stderr, path };
  };

  it('reports file and line of code that cannot be parsed or run', () => {
    const { text, path } = inNode({
      'a-type.ts': "import { z } from 'gatehouse/policy';\n\nexport default {{{\n",
      'b-script.mjs': 'const a = 1;\nconst b = ;\nexport default {};\n',
      'c-enum.ts': '\n\n\nenum Colour { RED }\nexport default Colour;\n',
      'd-throws.ts': "import { z } from 'gatehouse/policy';\n\n\n\nz.string().max(Symbol() + 1);\nexport default {};\n",
      'e-import.ts': "import { nothing } from 'gatehouse/policy';\nexport default nothing;\n",
      'f-module.ts': "import x from './nowhere.ts';\nexport default x;\n",
    });
    for (const fault of [
      'a-type.ts:3: SyntaxError: ',
      'b-script.mjs:2: SyntaxError: ',
      'c-enum.ts:4: SyntaxError: TypeScript enum is not supported',
      'd-throws.ts:5: TypeError: Cannot convert a Symbol value to a number',
      'e-import.ts:1: SyntaxError: ',
      'f-module.ts: Error: Cannot find module',
    ])
      expect(text).toContain(`${path}/${fault}`);
  });

  it('lets an external policy import gatehouse/policy and its neighbours', () => {
    const { text } = inNode({
      'own.ts': `import { abstain, definePolicy, z } from 'gatehouse/policy';
        import { description } from './parts/text.ts';
        export default definePolicy({ name: 'own', description, resources: ['GROUP'],
          config: z.strictObject({}), create: () => ({ evaluate: () => abstain() }) });`,
    });
    expect(text).toContain('Cannot find module');
    const path = join(root, 'whole');
    mkdirSync(join(path, 'parts'), { recursive: true });
    writeFileSync(join(path, 'parts', 'text.ts'), "export const description = 'x';\n");
    const good = inNode({
      'own.ts': `import { abstain, definePolicy, z } from 'gatehouse/policy';
        import { description } from ${JSON.stringify(join(path, 'parts', 'text.ts'))};
        export default definePolicy({ name: 'own', description, resources: ['GROUP'],
          config: z.strictObject({}), create: () => ({ evaluate: () => abstain() }) });`,
    });
    expect(good.text.trim()).toBe('impersonation,own');
  });
});
