import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import { readsOfTenants, World } from '../support/world.ts';
import { assertSound, openBrowser, signIn } from './browser.ts';

const secret = 'another long passphrase';

describe('the oversight pages', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    world = await World.create();
    main = await world.tenant('main');
    for (const name of ['auditor', 'viewer', 'bob']) await world.user(name, [main], { password: secret });
    await world.user('chief', [main], { password: secret, superAdmin: true });
    const of = (username: string) => world.db.user.findFirstOrThrow({ where: { username } });
    await world.grant(main, await of('auditor'), readsOfTenants);
    await world.grant(main, await of('chief'), ['FLOW:READ']);
    await world.grant(null, await of('auditor'), ['POLICY:READ']);
    await world.grant(main, await of('bob'), ['GROUP:CREATE', 'GROUP:READ', 'FLOW:DELETE']);
    const bob = world.basic('bob', secret);
    await bob.ok(call('createGroup', 'group { id }'), { i: { tenantKey: 'main', name: 'Data' } });
    await world.flow(main, 'id: unlabelled\nnamespace: company.data\ntasks: [{ id: a, type: io.company.A }]\n');
    await world.app.services.decisions.flush({ all: true });
    await world.app.usage.flush();
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const enter = (username: string, path: string) =>
    signIn(browser, { url: world.urls[0]!, username, password: secret }, `/t/main/${path}`);

  it('try settings of a policy on recorded decisions before they are in force', async () => {
    const { page, faults } = await enter('chief', 'policies');
    await page.getByRole('link', { name: 'require-reason' }).click();
    await page.getByRole('button', { name: 'Add one' }).click();
    await page.getByLabel('Resource').selectOption('GROUP');
    const panel = page.getByRole('complementary', { name: 'Try it before it is in force' });
    await panel.getByRole('button', { name: 'Try', exact: true }).click();
    await panel.getByText('would end differently').waitFor();
    expect(await panel.innerText()).toMatch(/1 ×[\s\S]*bob[\s\S]*GROUP:CREATE[\s\S]*refused by require-reason/);
    await panel.getByLabel('Run tests too').check();
    await panel.getByLabel('Tests, as for').fill('cases: []');
    await panel.getByText('Changed since the last try').waitFor();
    await panel.getByRole('button', { name: 'Try', exact: true }).click();
    await panel.getByRole('alert').waitFor();
    await assertSound({ page, faults: faults.filter((fault) => !/status of 4\d\d/.test(fault)) });
    await panel.getByLabel('Reason').fill('The auditors ask for it');
    await panel.getByRole('button', { name: 'Put in force' }).click();
    await page.getByRole('status').filter({ hasText: 'Policies are in force' }).waitFor();
    await panel.waitFor({ state: 'detached' });
    const { policies } = await world.root().ok<any>('{ policies { name settings } }');
    expect(policies.find((one: any) => one.name === 'require-reason').settings.rules).toMatchObject([
      { resource: 'GROUP' },
    ]);
    await page.goto('/t/main/policies');
    await page.getByText('by chief: The auditors ask for it').waitFor();
    await page.goto('/t/main/policies?tab=yaml');
    await page.getByLabel('Settings of all policies').fill('policies: {}\nmayGrant: []\n');
    await page.getByRole('button', { name: 'Put in force' }).click();
    await page.getByRole('status').filter({ hasText: 'Policies are in force' }).waitFor();
    await page.context().close();
  });

  it('list the flows that break proposed rules, and those in force', async () => {
    const { page, faults } = await enter('chief', 'policies/flow-rules?tab=flows');
    await page.getByText('None of the 1 flows checked here breaks a rule.').waitFor();
    await page.getByRole('link', { name: 'As YAML' }).click();
    await page.getByLabel('Settings as YAML').fill('rules:\n  - labels: [{ key: team }]\n');
    await page.getByRole('link', { name: 'Flows that break them' }).click();
    await page.getByText('1 of the 1 flows checked here breaks a rule.').waitFor();
    await page.getByText('With the proposed settings').waitFor();
    await page.getByRole('link', { name: 'company.data.unlabelled' }).waitFor();
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Put in force' }).click();
    await page.getByText('With the settings in force').waitFor();
    await page.getByRole('link', { name: 'company.data.unlabelled' }).waitFor();
    await page.context().close();
  });

  it('show the settings to those who may read them, without the step to change them', async () => {
    const auditor = await enter('auditor', 'policies/naming');
    await auditor.page.getByText('To change it, you need').waitFor();
    expect(await auditor.page.getByLabel('Pattern').isDisabled()).toBe(true);
    await assertSound(auditor);
    await auditor.page.context().close();
    const viewer = await enter('viewer', 'policies');
    await viewer.page.getByText('You do not have permission to see policies').waitFor();
    await viewer.page.context().close();
  });

  it('verify the audit log in the browser, and show where a changed export breaks', async () => {
    const { page, faults } = await enter('auditor', 'audit-log/verify');
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByRole('heading', { name: 'The audit log is complete and unchanged' }).waitFor();
    await assertSound({ page, faults });
    const { headers } = world.basic('auditor', secret);
    const response = await fetch(`${world.urls[0]}/tenants/main/audit-events?format=ndjson`, { headers });
    const text = (await response.text()).replace('"resourceKey":"Data"', '"resourceKey":"Date"');
    await page.getByLabel('What to verify').selectOption('file');
    await page.getByLabel('Export').setInputFiles({
      name: 'main.ndjson',
      mimeType: 'application/x-ndjson',
      buffer: Buffer.from(text),
    });
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByRole('heading', { name: 'The audit log is not what it was' }).waitFor();
    const broken = await page.getByRole('list', { name: 'Where it breaks' }).innerText();
    expect(broken).toMatch(/Changed\s+event \d+\s+Its content does not match its hash/);
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('pause the live audit log, filter it by links, and export what it shows', async () => {
    const { page, faults } = await enter('auditor', 'audit-log');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByLabel('Kind').selectOption('CREATE');
    await page.getByLabel('Name of the actor').fill('bob');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByRole('link', { name: /^Kind Create/ }).waitFor();
    expect(new URL(page.url()).search).toMatch(/kind=CREATE/);
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'As a table (CSV), with these filters' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('audit-main.csv');
    await page.getByRole('link', { name: /^Kind Create/ }).click();
    await page.getByRole('button', { name: 'Live' }).click();
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('list the sessions of everyone, and the tokens of the tenant', async () => {
    const bob = world.basic('bob', secret);
    await bob.ok(call('createApiToken', 'fullToken'), { i: { name: 'of-bob' } });
    const { page, faults } = await enter('chief', 'sessions');
    await page.getByRole('link', { name: 'Of everyone' }).click();
    await page.getByRole('columnheader', { name: 'User' }).waitFor();
    await page.getByRole('row').getByRole('link', { name: 'chief' }).first().waitFor();
    await assertSound({ page, faults });
    await page.goto('/t/main/api-tokens?owner=instance');
    await page.getByRole('row').filter({ hasText: 'of-bob' }).getByText('bob', { exact: true }).waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('filter the audit log by kind of actor, flow and details', async () => {
    const { page, faults } = await enter('auditor', 'audit-log');
    await page.getByRole('button', { name: 'Filter' }).click();
    const form = page.getByRole('dialog', { name: 'Filters' });
    await form.getByLabel('ID of the flow').fill('unlabelled');
    await form.getByLabel('Exactly this namespace').fill('company.data');
    await form.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/flow=unlabelled/);
    await page.getByRole('row').filter({ hasText: 'flow.create' }).waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    await assertSound({ page, faults });
    await page.goto('/t/main/audit-log?by=USER&details=no.such:thing');
    await page.getByText('No event matches').waitFor();
    await page.getByRole('link', { name: /Done by/ }).waitFor();
    await page.context().close();
  });

  it('show what of a role is used, with the proof', async () => {
    const role = await world.db.role.findFirstOrThrow({
      where: { permissions: { has: 'FLOW:DELETE' }, isManaged: false },
    });
    const { page, faults } = await enter(
      'auditor',
      `roles/${Buffer.from(`Role:${role.id}`).toString('base64')}?tab=least-privilege`,
    );
    await page.getByText('permissions were not used').waitFor();
    expect(await page.getByRole('region', { name: 'Not used' }).innerText()).toContain('FLOW:DELETE');
    await assertSound({ page, faults });
    await page.context().close();
  });
});
