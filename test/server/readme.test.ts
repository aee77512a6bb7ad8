import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { schema } from '../../src/schema.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/program.ts';
import { until } from './tools.ts';

const project = join(import.meta.dirname, '..', '..');
/** The documents, in the order in which their commands run on one store. */
const documents = [
  'README.md',
  'src/server/README.md',
  'src/audit/README.md',
  'src/resources/README.md',
  'src/policy/README.md',
  'src/cli/README.md',
  'plugins/README.md',
];
const readme = documents.map((path) => readFileSync(join(project, path), 'utf8')).join('\n');
const isLong = process.env['SOAK'] === '1';

/** The blocks of the documents in order, without the indentation of lists. */
const blocks = [...readme.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)].map(
  ([, indent = '', language, text = '']) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }),
);
const of = (language: string) => blocks.filter((block) => block.language === language).map(({ text }) => text);

/** Blocks that do not run here, with the reason. */
const leftOut: readonly [RegExp, string][] = [
  [/npm test/, 'it is what runs this test'],
  [
    /npm run idp/,
    'it runs until it is stopped, on a fixed port: test/auth/single-sign-on.test.ts signs in with sso.yaml',
  ],
  [/sso\.yaml IDP_SECRET=.* npm start/, 'the same'],
];
/** Slow blocks: only `npm run test:soak` runs them. */
const long = [/policy new/, /vitest run/, /\.gatehouse-try/, /archived|company\.sales\.eu/];
/** Blocks that exit with another code than 0, because some decisions would differ. */
const codes: readonly [RegExp, number][] = [[/policy replay/, 1]];

describe('the documents', () => {
  const folder = temporaryFolder('readme');
  const passwords: Record<string, string> = {};
  let port: number;
  let gateway: ChildProcess | undefined;

  beforeAll(async () => {
    port = await freePort();
    for (const part of ['src', 'plugins', 'prisma', 'package.json', 'tsconfig.json'])
      cpSync(join(project, part), join(folder, part), { recursive: true });
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'test', 'plugins'), { recursive: true });
    writeFileSync(join(folder, 'vitest.config.js'), 'export default {};\n');
  });
  const stop = async () => {
    if (!gateway) return;
    const ended = once(gateway, 'close');
    gateway.kill('SIGTERM');
    await ended;
    gateway = undefined;
  };
  afterAll(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A block as pasted, with the port, the passwords and the installation of this machine. */
  const pasted = (text: string) =>
    text
      .replaceAll('localhost:4000', `localhost:${port}`)
      .replace('npm ci && ', '')
      // npm itself takes half a second for each.
      .replaceAll(/npm run (-s )?gatehouse --/g, (text) => (isLong ? text : 'node src/main.ts'))
      .replaceAll(/(ADMIN|ALICE|BOB|alice:|admin:)([=]?)PASSWORD/g, (_, name: string, sign: string) => {
        const secret = passwords[name.replace(':', '').toLowerCase()];
        return `${name}${sign}${secret}`;
      });
  /** Variables of former blocks: a reader pastes all of them into one shell. */
  const assigned: Record<string, string> = {};
  const shell = (text: string) => {
    for (const [line] of text.matchAll(/^\w+=\S+( \w+=\S+)*$/gm))
      for (const part of line.split(' ')) assigned[part.split('=')[0]!] = part.slice(part.indexOf('=') + 1);
    const { PATH, HOME } = process.env;
    const own = { PORT: String(port), GATEHOUSE_USER: `alice:${passwords['alice'] ?? ''}` };
    return spawn('bash', ['-euc', text], {
      cwd: folder,
      env: { PATH, HOME, ...own, ...assigned },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const listen = (child: ChildProcess) => {
    const said = { text: '' };
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        said.text += chunk;
      });
    return said;
  };

  async function start(text: string): Promise<void> {
    await stop();
    gateway = shell(`exec ${text.replace(/^(\w+=\S+ )+/, 'env $&')}`);
    const said = listen(gateway);
    await until('the gateway starts', () => /Its process is/.test(said.text) || gateway!.exitCode !== null, 40_000);
    for (const [, name, secret] of said.text.matchAll(/user (\w+), password (\S+)|^ +(\w+) +password (\S+)/gm))
      if (name) passwords[name] = secret!;
    for (const [, name, secret] of said.text.matchAll(/^ +(\w+) +password (\S+)/gm)) passwords[name!] = secret!;
    expect(Object.keys(passwords).sort(), said.text).toEqual(['admin', 'alice', 'bob', 'carol']);
    // The start prints a link that opens the console as alice, once.
    const [link = ''] = /http:\/\/localhost:\d+\/auth\/start\?token=[\w-]+/.exec(said.text) ?? [];
    const opened = async () => (await fetch(link, { redirect: 'manual' })).status;
    expect([await opened(), await opened()]).toEqual([303, 401]);
  }

  it('have commands that work as described, in order, from a fresh store', async () => {
    let count = 0;
    for (const { language, text } of blocks) {
      if (leftOut.some(([pattern]) => pattern.test(text))) continue;
      if (!isLong && long.some((pattern) => pattern.test(text))) continue;
      const [, file] = /^# (\w+\.yaml)\n/.exec(text) ?? [];
      if (language === 'yaml' && file) writeFileSync(join(folder, file), text);
      if (language !== 'sh') continue;
      count += 1;
      if (/npm start/.test(text)) await start(pasted(text).trim());
      else {
        const child = shell(pasted(text));
        const said = listen(child);
        const [code] = await once(child, 'close');
        const wanted = codes.find(([pattern]) => pattern.test(text))?.[1] ?? 0;
        // The described refusal occurs.
        const [, refusal] = /^# (.* is refused.*)$/m.exec(text) ?? [];
        const outcome =
          refusal === undefined ? expect.not.stringMatching(/"errors"/) : expect.stringContaining(refusal);
        expect([text, code, said.text]).toEqual([text, wanted, outcome]);
        expect(said.text).not.toMatch(/\n\s+at /);
      }
    }
    expect(count).toBeGreaterThan(6);
  }, 120_000);

  it('name every setting in the table of settings', () => {
    const [, model = ''] = /^const environment = z([\s\S]*?)^ {2}\}\)/m.exec(
      readFileSync(join(project, 'src/config.ts'), 'utf8'),
    )!;
    const settings = [...model.matchAll(/^ {4}([A-Z_]+): /gm)].map(([, name = '']) => name);
    expect(settings.length).toBeGreaterThan(15);
    const [, table = ''] = /^## Settings\n([\s\S]*?)\n\n[^|\n]/m.exec(readme)!;
    expect(settings.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });

  it('have valid queries and settings', () => {
    for (const text of of('graphql')) expect([text, validate(schema, parse(text))]).toEqual([text, []]);
    const settings = of('yaml').find((text) => text.includes('GATEHOUSE_CONFIG'))!;
    const path = join(folder, 'all.yaml');
    writeFileSync(path, settings);
    const env = { GATEHOUSE_CONFIG: path, SIEM_SECRET: 'at least sixteen characters' };
    expect(readConfig(env).audit.ship.map(({ name }) => name)).toEqual(['disk', 'siem', 'otel']);
  });
});
