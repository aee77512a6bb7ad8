import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/call.ts';
import { GatewayProgram } from '../support/program.ts';
import { password } from '../support/world.ts';

describe('gatehouse policy replay', () => {
  let gateway: GatewayProgram;
  let file: string;
  beforeAll(async () => {
    gateway = await GatewayProgram.create({ GATEHOUSE_ADMIN_PASSWORD: password });
    file = join(gateway.folder, 'proposed.yaml');
    await gateway.start();
    const root = gateway.client('admin', password);
    await root.ok(call('createTenant', 'tenant { id }'), { i: { key: 'main', name: 'Main' } });
    for (const name of ['Good', 'bad'])
      await root.ok(call('createGroup', 'group { id }'), { i: { tenantKey: 'main', name } });
  }, 60_000);
  afterAll(async () => {
    await gateway.remove();
    rmSync(gateway.folder, { recursive: true, force: true });
  });

  it('reports no differences for the policies in force', async () => {
    const { code, output } = await gateway.run('policy', 'replay');
    expect(output).toMatch(/replayed \d+ decisions of the last 30 days with policies/);
    expect(output).toContain('no differences');
    expect(code).toBe(0);
  });

  it('lists what a proposed file would change, with the exit code of diff', async () => {
    const rule = `{ resource: GROUP, pattern: '[A-Z].*', hint: a name with a capital }`;
    writeFileSync(file, `policies:\n  naming: { rules: [${rule}] }\n`);
    const { code, output } = await gateway.run('policy', 'replay', file, '--days', '1');
    expect(output).toContain('1 × admin, GROUP:CREATE in main: done → refused by naming');
    expect(output.match(/×/g)).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('reports faults of a file and invalid arguments', async () => {
    writeFileSync(file, 'policies:\n  naming: { rulez: [] }\n  nope: {}\n');
    const bad = await gateway.run('policy', 'replay', file);
    expect(bad.code).not.toBe(0);
    expect(bad.output).toContain('this policy does not exist');
    expect(bad.output).toContain('rulez');
    expect((await gateway.run('policy', 'replay', '--dayz', '3')).output).toContain('Usage: gatehouse policy replay');
    expect((await gateway.run('policy', 'replay', file, '--days', 'x')).output).toContain('Usage:');
  });
});
