import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

// Makes what is derived and not committed: the Prisma client, and the tests' typed client of schema.graphql. `client` or
// `documents` makes one of the two: the schema is printed between them, by the one and for the other.
const [only] = process.argv.slice(2);
const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const run = (name: string, args: string[], env: Record<string, string> = {}) =>
  execFileSync(bin(name), args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });

if (only !== 'documents' && existsSync(bin('prisma'))) {
  // Generating needs no schema engine; naming any executable keeps the command line from downloading one.
  run('prisma', ['generate'], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  });
}
if (only !== 'client' && existsSync(bin('graphql-codegen')))
  run('graphql-codegen', ['--config', 'codegen.ts', '--silent']);
