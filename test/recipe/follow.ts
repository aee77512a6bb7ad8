import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, matchesGlob, relative, resolve } from 'node:path';
import { type Insertion, insertions } from './insertions.ts';

export const project = join(import.meta.dirname, '..', '..');
const added = join(import.meta.dirname, 'announcement');
/** Ignored by Git, and the modules, which are linked. */
const ignored = new Set(['node_modules', '.git', '.vitest', 'dist', 'coverage', 'generated']);

/** Copies the project as a clone has it, with a repository of its own. */
export async function copyProject(folder: string): Promise<void> {
  cpSync(project, folder, {
    recursive: true,
    filter: (path) => !ignored.has(basename(path)) && !basename(path).startsWith('.gatehouse'),
  });
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  await run(folder, 'git init -q');
}

/** A numbered step of the README: the files that it names, and the commands that it runs. */
export interface Step {
  readonly number: number;
  readonly files: readonly string[];
  readonly commands: readonly string[];
}

/** Parses the steps of the section "Add a resource". */
export function stepsOf(readme: string): Step[] {
  const section = /^## Add a resource\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
  return [...section.matchAll(/^(\d+)\. ([\s\S]*?\n)(?=\d+\. |\n?\S|\n*$(?![\s\S]))/gm)].map(
    ([, number = '', text = '']) => {
      const spans = [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '));
      return {
        number: Number(number),
        files: spans.filter((span) => /^(src|test|prisma)\/\S*$/.test(span)),
        commands: spans.filter((span) => /^(npm run|npx) /.test(span)),
      };
    },
  );
}

const addedFiles = readdirSync(added, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(added, join(entry.parentPath, entry.name)));
/** Every file that the resource adds or changes. */
export const needed: readonly string[] = [...new Set([...addedFiles, ...insertions.map(({ file }) => file)])].sort();

const names = ({ files }: Step, path: string): boolean => files.some((pattern) => matchesGlob(path, pattern));
/** The files of the resource that no step names. */
export const unnamed = (steps: readonly Step[]): string[] =>
  needed.filter((path) => !steps.some((step) => names(step, path)));

/** Performs one step: adds and changes the files that it names, then runs its commands. */
export async function follow(folder: string, step: Step): Promise<void> {
  for (const path of addedFiles.filter((one) => names(step, one))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(added, path), join(folder, path));
    assertImports(folder, path, step);
  }
  for (const insertion of insertions.filter(({ file }) => names(step, file))) insert(folder, insertion);
  for (const command of step.commands) await run(folder, command, `step ${step.number} of the README`);
}

/** @throws if a file imports one that does not exist yet: an earlier step is missing. */
function assertImports(folder: string, path: string, { number }: Step): void {
  for (const [, name = ''] of readFileSync(join(folder, path), 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    const target = relative(folder, resolve(folder, dirname(path), name));
    if (existsSync(join(folder, target)) || dirname(target) === dirname(path)) continue;
    throw new Error(`step ${number} of the README adds ${path}, which needs ${target}: no earlier step adds that`);
  }
}

function insert(folder: string, { file, after, insert: text }: Insertion): void {
  const path = join(folder, file);
  const content = readFileSync(path, 'utf8');
  if (after !== undefined && content.split(after).length !== 2)
    throw new Error(`${file} does not have this text once: ${after}`);
  writeFileSync(path, after === undefined ? content + text : content.replace(after, () => after + text));
}

/** @throws with the output of the command if it fails. */
async function run(folder: string, command: string, of = command): Promise<string> {
  const { PATH, HOME } = process.env;
  // Without SOAK and the variables of this test run.
  const env = { PATH, HOME, NO_COLOR: '1' };
  const child = spawn('bash', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${of}: ${command} ended with ${code}:\n${said}`);
  return said;
}
