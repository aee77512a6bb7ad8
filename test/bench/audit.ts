/** Runs every benchmark of the audit log and its feed, and writes the results into the table of README.md. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '../support/folder.ts';

const readme = join(import.meta.dirname, 'README.md');
const [begin, end] = ['<!-- npm run bench:audit writes this table -->', '<!-- end of the table -->'];
const rows = join(temporaryFolder('bench-audit'), 'rows');
for (const part of ['verify', 'chain', 'wake', 'fan-out']) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${part}.ts`)], {
    stdio: 'inherit',
    env: { ...process.env, BENCH_ROWS: rows },
  });
  if (status !== 0) throw new Error(`the bench ${part} ended with ${status}`);
}
const { model } = cpus()[0]!;
const machine = `${cpus().length} cores (${model.trim()}), ${process.platform}, Node ${process.versions.node}, on ${new Date().toISOString().slice(0, 10)}; clients, gateway and PostgreSQL share them.`;
const table = `${begin}\n${machine}\n\n| what | measured | goal |\n|---|---|---|\n${readFileSync(rows, 'utf8')}${end}`;
const text = readFileSync(readme, 'utf8');
const [from, to] = [text.indexOf(begin), text.indexOf(end)];
if (from === -1 || to === -1) throw new Error('README.md has no place for the table');
writeFileSync(readme, text.slice(0, from) + table + text.slice(to + end.length));
