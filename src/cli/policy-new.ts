import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Origin, policyTemplate, testTemplate } from './policy-template.ts';
import { UsageError } from './usage.ts';

const project = join(import.meta.dirname, '..', '..');
const ownFolder = join(project, 'plugins');
/** The installed package is JavaScript: its own folder is not suitable for a policy. */
const isInstalled = extname(import.meta.filename) === '.js';
export const newUsage = 'policy new NAME [--folder DIR]';

interface Place {
  readonly policy: string;
  readonly test: string;
  readonly origin: Origin;
}

/** Inside the project, tests are in their own folder; in an external folder, next to the policy. */
function placeOf(name: string, folder: string | undefined): Place {
  const at = folder === undefined ? ownFolder : resolve(folder);
  const inside = at === ownFolder;
  return {
    policy: join(at, `${name}.ts`),
    test: join(inside ? join(project, 'test', 'plugins') : at, `${name}.test.ts`),
    origin: inside ? 'inside' : 'outside',
  };
}

function argumentsOf(args: readonly string[]): { name: string; folder: string | undefined } {
  let parsed: { values: { folder?: string }; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options: { folder: { type: 'string' } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nUsage: gatehouse ${newUsage}`);
  }
  const [name, ...more] = parsed.positionals;
  if (name === undefined || more.length > 0) throw new UsageError(`Usage: gatehouse ${newUsage}`);
  if (isInstalled && parsed.values.folder === undefined)
    throw new UsageError('Set --folder to a folder of your own. Gatehouse is installed as a package.');
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 60)
    throw new UsageError(
      `${JSON.stringify(name)} must be in kebab case (such as change-window), of at most 60 characters.`,
    );
  return { name, folder: parsed.values.folder };
}

/** @throws {UsageError} if a file or a policy of that name exists. Nothing is written then. */
function assertFree(name: string, { policy, test }: Place): void {
  for (const path of [policy, test]) if (existsSync(path)) throw new UsageError(`${path} already exists.`);
  const known = readdirSync(ownFolder).find((file) => basename(file, extname(file)) === name);
  if (known !== undefined) throw new UsageError(`The policy ${name} already exists: ${join(ownFolder, known)}.`);
}

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
};

function nextSteps(name: string, { policy, test, origin }: Place): string {
  const run =
    origin === 'inside'
      ? `npx vitest run ${shown(test)}`
      : isInstalled
        ? `node --test ${shown(test)}`
        : `npm run test:policy -- ${shown(test)}   (in the folder of Gatehouse)`;
  const gatehouse = isInstalled ? 'npx gatehouse' : 'npm run gatehouse --';
  const folders = origin === 'inside' ? '' : `\n       policyFolders: [${resolve(policy, '..')}]`;
  return `Next:
  1. Write the rule in ${shown(policy)}, and test what it refuses and what it allows.
  2. Run the test:
       ${run}
  3. Add its settings to the file of GATEHOUSE_CONFIG:${folders}
       policies:
         ${name}: { closed: [company.archive] }
  4. ${
    origin === 'inside'
      ? 'Start the gateway.'
      : 'Start the gateway, or restart a running one: it reads its folders at the start.'
  } If the store is already in use, put the new policies in force:
       ${gatehouse} policy accept${
         origin === 'inside'
           ? '\n  5. Add a case to test/plugins/shadow.test.ts: every policy supports shadow mode.'
           : ''
       }`;
}

/** Writes a policy and its test from a template. Never overwrites. */
export async function policyNew(args: readonly string[]): Promise<number> {
  const { name, folder } = argumentsOf(args);
  const place = placeOf(name, folder);
  assertFree(name, place);
  mkdirSync(resolve(place.policy, '..'), { recursive: true });
  writeFileSync(place.policy, policyTemplate(name, place.origin), { flag: 'wx' });
  writeFileSync(place.test, testTemplate(name, place.origin), { flag: 'wx' });
  console.log(`wrote ${shown(place.policy)}\nwrote ${shown(place.test)}\n\n${nextSteps(name, place)}`);
  return 0;
}
