import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

const project = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder('policy-new');
const bin = (name: string) => join(project, 'node_modules', '.bin', name);
const run = (command: string, args: readonly string[], options: object = {}) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: project, ...options });
  return { status, output: stdout + stderr };
};
const policyNew = (...args: string[]) => run(process.execPath, ['src/main.ts', 'policy', 'new', ...args]);

/** A copy of the project to write into, because other tests load the policies of this one. */
function copyOfProject(): string {
  const copy = join(folder, 'project');
  for (const part of ['src', 'plugins', 'package.json', 'tsconfig.json', 'biome.json', '.gitignore'])
    cpSync(join(project, part), join(copy, part), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(copy, 'test', 'plugins'), { recursive: true });
  writeFileSync(join(copy, 'vitest.config.js'), 'export default {};\n');
  return copy;
}

describe('gatehouse policy new', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes a policy and its test into an external folder, where they pass unchanged', () => {
    const made = policyNew('closed-doors', '--folder', join(folder, 'new', 'deep'));
    const at = join(folder, 'new', 'deep');
    expect(made).toMatchObject({ status: 0 });
    expect(made.output).toContain(`wrote ${at}/closed-doors.ts\nwrote ${at}/closed-doors.test.ts\n`);
    expect(made.output).toContain(`policyFolders: [${at}]`);
    expect(readdirSync(at).sort()).toEqual(['closed-doors.test.ts', 'closed-doors.ts']);
    const result = run(process.execPath, [
      '--import',
      './src/policy/load/package-alias.ts',
      '--test',
      join(at, 'closed-doors.test.ts'),
    ]);
    expect(result).toMatchObject({ status: 0 });
    expect(result.output).toMatch(/pass 3\n/);
    // The control: an inverted rule fails.
    const policy = join(at, 'closed-doors.ts');
    const text = readFileSync(policy, 'utf8');
    writeFileSync(policy, text.replace("=== 'SERVICE_ACCOUNT'", "=== 'USER'"));
    expect(
      run(process.execPath, [
        '--import',
        './src/policy/load/package-alias.ts',
        '--test',
        join(at, 'closed-doors.test.ts'),
      ]).status,
    ).toBe(1);
    writeFileSync(policy, text);

    const settings = JSON.parse(readFileSync(join(project, 'biome.json'), 'utf8'));
    writeFileSync(join(at, 'biome.json'), JSON.stringify({ ...settings, vcs: undefined }));
    const files = ['closed-doors.ts', 'closed-doors.test.ts'];
    expect(run(bin('biome'), ['check', ...files], { cwd: at })).toMatchObject({ status: 0 });
    writeFileSync(join(at, 'package.json'), JSON.stringify({ type: 'module' }));
    const paths = {
      'gatehouse/policy': [join(project, 'src/policy/contract.ts')],
      'gatehouse/policy-testing': [join(project, 'src/policy/testing.ts')],
    };
    writeFileSync(
      join(at, 'tsconfig.json'),
      JSON.stringify({
        extends: join(project, 'tsconfig.json'),
        compilerOptions: { paths, typeRoots: [join(project, 'node_modules/@types')] },
        include: ['*.ts'],
      }),
    );
    expect(run(bin('tsc'), ['-p', at])).toEqual({ status: 0, output: '' });
  });

  // Runs biome, tsc and vitest in a copy. Long form only, because the same template is checked above.
  it.runIf(process.env.SOAK === '1')(
    'writes them into the project, where they pass unchanged',
    () => {
      const cwd = copyOfProject();
      const made = run(process.execPath, ['src/main.ts', 'policy', 'new', 'closed-doors'], { cwd });
      expect(made).toMatchObject({ status: 0 });
      const files = ['plugins/closed-doors.ts', 'test/plugins/closed-doors.test.ts'];
      expect(made.output).toContain(`wrote ${files[0]}\nwrote ${files[1]}\n`);
      for (const file of files) expect(existsSync(join(cwd, file))).toBe(true);
      const settings = JSON.parse(readFileSync(join(cwd, 'biome.json'), 'utf8'));
      writeFileSync(join(cwd, 'biome.json'), JSON.stringify({ ...settings, vcs: undefined }));
      expect(run(bin('biome'), ['check', ...files], { cwd })).toMatchObject({ status: 0 });
      expect(run(bin('tsc'), [], { cwd })).toEqual({ status: 0, output: '' });
      const tested = run(bin('vitest'), ['run', files[1]!], { cwd });
      expect(tested.output).toMatch(/3 passed/);
      expect(tested.status).toBe(0);
    },
    120_000,
  );

  it('never overwrites, and reports errors', () => {
    const at = join(folder, 'taken');
    mkdirSync(at);
    writeFileSync(join(at, 'mine.test.ts'), 'kept');
    expect(policyNew('mine', '--folder', at)).toEqual({ status: 1, output: `${at}/mine.test.ts already exists.\n` });
    expect(readdirSync(at)).toEqual(['mine.test.ts']);
    expect(readFileSync(join(at, 'mine.test.ts'), 'utf8')).toBe('kept');
    for (const [args, fault] of [
      [['naming'], /naming\.ts already exists/],
      [['naming', '--folder', at], /The policy naming already exists: .*naming\.ts/],
      [['Mine'], /"Mine" must be in kebab case/],
      [['../mine'], /must be in kebab case/],
      [['a'.repeat(61)], /of at most 60 characters/],
      [[], /Usage: gatehouse policy new NAME/],
      [['a', 'b'], /Usage: gatehouse policy new NAME/],
      [['a', '--into', at], /Unknown option '--into'[\s\S]*Usage/],
    ] as const) {
      const { status, output } = policyNew(...args);
      expect(output).toMatch(fault);
      expect(status).toBe(1);
    }
  });
});
