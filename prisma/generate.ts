import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

// Generates the files that are not committed: the Prisma client, and the typed client of schema.graphql for tests. Pass
// `client` or `documents` to generate only one: the schema is printed after the former, and required by the latter.
const [only] = process.argv.slice(2);
const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const run = (name: string, args: string[], env: Record<string, string> = {}) =>
  execFileSync(bin(name), args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });

if (only !== 'documents' && existsSync(bin('prisma'))) {
  // Generating does not use the schema engine. Any path here keeps the command line from downloading it.
  run('prisma', ['generate'], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  });
}
if (only !== 'client' && existsSync(bin('graphql-codegen')))
  run('graphql-codegen', ['--config', 'codegen.ts', '--silent']);
