import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { until } from './tools.ts';

const project = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder('npm-start');
const config = join(folder, 'gatehouse.yaml');
const lives = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
/** A terminal of its own, by a command of util-linux. */
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
const terminal = ['-qec', 'npm start', '/dev/null'];

interface Started {
  readonly child: ChildProcess;
  /** The process IDs of the gateway and of its PostgreSQL. */
  readonly pids: readonly number[];
  readonly said: () => string;
}
const started: Started[] = [];

async function start(command: string, args: readonly string[]): Promise<Started> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, PORT: '0', GATEHOUSE_DEMO: '0', GATEHOUSE_CONFIG: config };
  const child = spawn(command, args, {
    cwd: project,
    env: { ...env, GATEHOUSE_DATA_DIR: join(folder, 'data') },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  await until('it listens', () => /Its process is \d+/.test(said) || child.exitCode !== null, 40_000);
  const postgres = Number(/embedded PostgreSQL in .*\(process (\d+)\)/.exec(said)?.[1]);
  const gateway = Number(/Its process is (\d+)/.exec(said)?.[1]);
  expect([lives(gateway), lives(postgres)], said).toEqual([true, true]);
  const made = { child, pids: [gateway, postgres], said: () => said };
  started.push(made);
  return made;
}
const ended = async ({ child, pids }: Started) => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  await until('the gateway and PostgreSQL have ended', () => !pids.some(lives), 12_000);
};

describe('npm start', () => {
  afterEach(async () => {
    for (const one of started.splice(0)) {
      for (const pid of one.pids) if (lives(pid)) process.kill(pid, 'SIGTERM');
      one.child.kill('SIGKILL');
      await until('all of it has ended', () => !one.pids.some(lives), 12_000);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('ends the gateway with npm, also at a signal that npm does not forward', async () => {
    writeFileSync(config, 'policies: {}\n');
    const one = await start('npm', ['start']);
    one.child.kill('SIGHUP');
    await ended(one);
    expect(one.said()).toMatch(/"message":"stopping","reason":"npm has ended"/);
  });

  it('reports how its file differs from the settings in force; a closed terminal ends it and its PostgreSQL', async () => {
    writeFileSync(
      config,
      'policies:\n  frozen-namespaces:\n    frozen: [company.billing]\n  quotas: { enabled: false }\n',
    );
    const one = await (hasScript ? start('script', terminal) : start('npm', ['start']));
    await until('it says so', () => one.said().includes('To keep the accepted policies'));
    expect(one.said()).toMatch(
      /frozen-namespaces settings\.frozen\.0: nothing → "company\.billing" \(.*gatehouse\.yaml:3\)/,
    );
    expect(one.said()).toMatch(/quotas: on → switched off \(.*gatehouse\.yaml:4\)/);
    expect(one.said()).toContain('npm run gatehouse -- policy accept');
    one.child.kill(hasScript ? 'SIGKILL' : 'SIGTERM');
    await ended(one);
  });

  it.runIf(process.env['SOAK'] && hasScript)('ends once at Ctrl-C, and reads its file again at SIGHUP', async () => {
    const first = await start('script', terminal);
    first.child.stdin!.write('\u0003');
    await ended(first);
    expect(first.said()).toContain('"reason":"SIGINT"');
    const second = await start('npm', ['start', '-s']);
    // A PostgreSQL that was not ended would be taken over.
    expect(second.said()).not.toContain('took over');
    writeFileSync(config, 'policies: { naming: { rules: [] } }\n');
    process.kill(second.pids[0]!, 'SIGHUP');
    await until('the file is read', () => /the policies of the file (are|were) in force/.test(second.said()));
    second.child.kill('SIGTERM');
    await ended(second);
  });
});
