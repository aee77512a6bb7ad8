import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { World } from '../support/world.ts';
import { assertSound, openBrowser, signIn, visit } from './browser.ts';
import { peopledWorld, secret } from './people.ts';

const source = `id: orders
namespace: company.data
tasks: [{ id: fetch, type: io.kestra.plugin.core.debug.Return }]
`;

describe('the administrators of a tenant', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    ({ world, main } = await peopledWorld());
    await world.flow(main, source);
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const enter = (username: string, path: string, size: 'desk' | 'phone' = 'desk') =>
    signIn(browser, { url: world.urls[0]!, username, password: secret, size }, `/t/main/${path}`);

  it('stop a namespace by a kill switch, which its flows name, and end it', async () => {
    const { page, faults } = await enter('admin', 'maintenance');
    await page.getByText('No kill switches yet').waitFor();
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Create a kill switch' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Title').fill('Move of the database');
    await form.getByLabel('What it stops').selectOption('namespace');
    await form.getByRole('combobox', { name: 'Namespace', exact: true }).fill('company.da');
    await page.getByRole('option', { name: 'company.data' }).click();
    await form.getByLabel('What it does').selectOption('KILL');
    await form.getByLabel('Until').fill('2020-01-01T00:00');
    await form.getByRole('button', { name: 'Create' }).click();
    await form.getByText('The end must be after the start.').waitFor();
    await form.getByLabel('Until').fill('');
    await form.getByRole('button', { name: 'Create' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Move of the database' });
    await row.getByText('Killing').waitFor();
    await assertSound({ page, faults: faults.filter((fault) => !/status of 4\d\d/.test(fault)) });

    const editor = await enter('editor', 'flows/company.data/orders');
    await editor.page.getByText('Stopped: Move of the database').waitFor();
    await editor.page.getByRole('button', { name: 'Run', exact: true }).press('Enter');
    await editor.page.getByText('The kill switch “Move of the database” refuses new executions.').waitFor();
    await assertSound(editor);
    await visit(editor.page, '/t/main/maintenance');
    await editor.page.getByRole('button', { name: 'Create a kill switch' }).first().press('Enter');
    await editor.page.getByRole('dialog').getByText('KILL_SWITCH:CREATE').waitFor();
    await editor.page.context().close();

    await row.getByRole('button', { name: 'More for' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await form.getByLabel('What it does').selectOption('HOLD');
    await form.getByRole('button', { name: 'Save' }).click();
    await row.getByText('Holding').waitFor();
    await row.getByRole('button', { name: 'End now: Move of the database' }).click();
    await form.getByLabel('Reason').fill('The move is done');
    await form.getByRole('button', { name: 'End it now' }).click();
    await row.getByText('Over').waitFor();
    await row.getByRole('button', { name: 'More for' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await form.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No kill switches yet').waitFor();
    await page.context().close();
  });

  it('show a banner and a stop of the tenant at the top of every page', async () => {
    const { page, faults } = await enter('admin', 'maintenance?tab=banners');
    await page.getByRole('button', { name: 'Create a banner' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Message').fill('Upgrade on Saturday');
    await form.getByLabel('Severity').selectOption('WARNING');
    await form.getByRole('button', { name: 'Create' }).click();
    const strip = page.getByRole('region', { name: 'Announcements' });
    await strip.getByText('Upgrade on Saturday').waitFor();
    await assertSound({ page, faults });
    const viewer = await enter('viewer', '', 'phone');
    const seen = viewer.page.getByRole('region', { name: 'Announcements' });
    await seen.getByText('Upgrade on Saturday').waitFor();
    await assertSound(viewer);
    await seen.getByRole('button', { name: 'Hide the banner Upgrade on Saturday' }).click();
    await seen.waitFor({ state: 'detached' });
    await viewer.page.context().close();
    await page.getByRole('button', { name: 'End now: Upgrade on Saturday' }).click();
    await form.getByRole('button', { name: 'End it now' }).click();
    await strip.waitFor({ state: 'detached' });
    await visit(page, '/t/main/maintenance');
    await page.getByRole('button', { name: 'Create a kill switch' }).first().click();
    await form.getByLabel('Title').fill('Freeze');
    await form.getByRole('button', { name: 'Create' }).click();
    await strip.getByText('Freeze: new executions wait.').waitFor();
    expect(await page.getByRole('row').filter({ hasText: 'Freeze' }).innerText()).toContain('The whole tenant');
    await page.getByRole('button', { name: 'End now: Freeze' }).click();
    await form.getByRole('button', { name: 'End it now' }).click();
    await strip.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('add a user who belongs to the tenant, in a group, and edit, disable and see the rest of the users', async () => {
    const { page, faults } = await enter('admin', 'users');
    await page.getByRole('row').filter({ hasText: 'viewer' }).getByRole('button', { name: 'Hidden' }).click();
    await page.getByText('TENANT_USER:READ in the tenant to which the user belongs').waitFor();
    await page.keyboard.press('Escape');
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Add a user' }).click();
    const form = page.getByRole('dialog');
    await form.getByRole('button', { name: 'New in this tenant' }).click();
    await form.getByLabel('User name').fill('dora');
    await form.getByLabel('E-mail').fill('dora@people.example');
    await form.getByRole('combobox', { name: 'Groups' }).fill('Da');
    await page.getByRole('option', { name: 'Data' }).click();
    await form.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'dora' }).waitFor();
    await page.getByText('the tenant main').waitFor();
    await page.getByRole('link', { name: 'Data', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await form.getByLabel('First name').fill('Dora');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More actions' }).click();
    expect(await page.getByRole('menuitem').allInnerTexts()).not.toContain('Make a super admin…');
    await page.getByRole('menuitem', { name: 'Disable' }).click();
    await form.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('main').getByText('Disabled', { exact: true }).waitFor();
    await assertSound({ page, faults });
    await visit(page, '/t/main/users');
    await page.getByRole('row').filter({ hasText: 'dora' }).getByText('Disabled').waitFor();
    await page.context().close();
  });

  it('create a service account in a group, and set what the tenant keeps', async () => {
    const { page, faults } = await enter('admin', 'service-accounts');
    await page.getByRole('button', { name: 'Create an account' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Name').fill('ci-report');
    await form.getByRole('combobox', { name: 'Groups' }).fill('Da');
    await page.getByRole('option', { name: 'Data' }).click();
    await form.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'ci-report' }).waitFor();
    await page.getByRole('link', { name: 'Data', exact: true }).waitFor();
    await visit(page, '/t/main/tenants/main?tab=settings');
    await page.getByLabel('Days to keep ended executions').fill('30');
    await page.getByLabel('Flows only in namespaces that were created').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: 'Settings saved' }).waitFor();
    await assertSound({ page, faults });
    const { tenant } = await world
      .basic('admin', secret)
      .ok<any>('{ tenant(key: "main") { settings { executionDays requireExistingNamespace } } }');
    expect(tenant.settings).toEqual({ executionDays: 30, requireExistingNamespace: true });
    const viewer = await enter('viewer', 'tenants/main?tab=settings');
    await viewer.page.getByText(/SETTING:(READ|UPDATE)/).waitFor();
    await viewer.page.context().close();
    await page.context().close();
  });
});
