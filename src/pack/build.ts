import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds `dist`, which is what `npm pack` packs: Node does not strip types below `node_modules`. The folder is laid
 * out like the project, so the program finds its other files at the same places.
 */
const root = join(import.meta.dirname, '..', '..');
const target = join(root, 'dist');
const compile = (project: string) =>
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', join(import.meta.dirname, project)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });

rmSync(target, { recursive: true, force: true });
compile('program.json');
compile('declarations.json');
for (const path of [
  'prisma/migrations',
  'src/bootstrap/demo-flows',
  'src/resources/orchestration/blueprint/catalogue.yaml',
  'src/console/dist',
])
  cpSync(join(root, path), join(target, path), { recursive: true });
const { name, version, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
mkdirSync(target, { recursive: true });
writeFileSync(join(target, 'package.json'), `${JSON.stringify({ name, version, type }, null, 2)}\n`);
