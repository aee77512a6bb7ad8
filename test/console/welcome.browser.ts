import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../server/tools.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { GatewayProgram } from '../support/program.ts';
import { assertSound, openBrowser, signIn } from './browser.ts';

const engineProgram = join(import.meta.dirname, '..', '..', 'src', 'demo-engine', 'main.ts');

describe('the tour', () => {
  let gateway: GatewayProgram;
  let browser: Browser;
  let engine: ChildProcess | undefined;
  let password: string;
  beforeAll(async () => {
    browser = await openBrowser();
    gateway = await GatewayProgram.create({ NODE_COMPILE_CACHE: 'node_modules/.cache/gatehouse' });
    await gateway.start();
    await until('the start prints the password', () => /password \S+/.test(gateway.output), 10_000);
    password = /password (\S+)/.exec(gateway.output)![1]!;
  });
  afterAll(async () => {
    engine?.kill('SIGKILL');
    await browser.close();
    await gateway.remove();
  });

  /** Connects the engine of the demo, as an operator does. */
  async function connectEngine(root: Client): Promise<void> {
    const make = async (field: string, select: string, i: object) =>
      (await root.ok<any>(call(field, select), { i }))[field];
    const { serviceAccount } = await make('createServiceAccount', 'serviceAccount { id }', { name: 'engine' });
    await make('grantTenantAccess', 'subject { __typename }', { tenantKey: 'main', serviceAccountName: 'engine' });
    const role = '(first: 10, where: { managed: true }) { nodes { id name } }';
    const found = await root.ok<any>(`{ instanceRoles${role} tenant(key: "main") { roles${role} } }`);
    for (const [roles, rest] of [
      [found.instanceRoles, {}],
      [found.tenant.roles, { tenantKey: 'main' }],
    ]) {
      const { id } = roles.nodes.find(({ name }: any) => name === 'Engine');
      await make('createBindings', 'results { error { message } }', {
        ...rest,
        bindings: [{ subject: serviceAccount.id, role: id }],
      });
    }
    const { fullToken } = await make('createApiToken', 'fullToken', { name: 'engine', owner: serviceAccount.id });
    engine = spawn(process.execPath, [engineProgram], { stdio: ['pipe', 'ignore', 'inherit'] });
    const options = { url: gateway.url, token: fullToken, journal: join(gateway.folder, 'journal') };
    engine.stdin!.write(`${JSON.stringify(options)}\n`);
  }

  it('leads from an empty store to a finished execution, and to an invited colleague', async () => {
    const { page, faults } = await signIn(browser, { url: gateway.url, username: 'admin', password });
    await page.getByText('This gateway has no tenant yet').waitFor();
    await assertSound({ page, faults });
    await page.getByLabel('Key').fill('main');
    await page.getByRole('button', { name: 'Create the tenant' }).click();
    await page.getByText('0 of 3 done').waitFor();
    await page.getByText('No engine has reported to this gateway').waitFor();
    await assertSound({ page, faults });

    await connectEngine(gateway.client('admin', password));
    await page.getByRole('button', { name: 'Use Say hello' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Create the flow' }).click();
    await page.getByText('1 of 3 done').waitFor();

    await page.getByRole('button', { name: 'Run hello' }).click();
    await page.getByRole('dialog').getByLabel('who').fill('Ada');
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    const step = page.getByRole('listitem', { name: 'Run it, and watch it' });
    await step.getByRole('status').getByText('Success').first().waitFor();
    await step.getByRole('region', { name: 'Task runs over time' }).getByText('greet').first().waitFor();
    await step.getByText('Hello, Ada.').waitFor();
    await page.getByText('2 of 3 done').waitFor();
    await assertSound({ page, faults });

    await page.getByRole('button', { name: 'Invite a colleague' }).click();
    await page.getByLabel('E-mail').fill('ada@company.example');
    await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('3 of 3 done').waitFor();
    await assertSound({ page, faults });
    // The tour is over: the console begins at Home.
    await page.goto('/');
    await expect.poll(() => new URL(page.url()).pathname).toBe('/t/main');
  });
});
