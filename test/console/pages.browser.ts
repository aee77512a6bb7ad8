import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { World } from '../support/world.ts';
import { accessFaults, openBrowser, signIn, signInByForm, type sizes, type Watched } from './browser.ts';
import { peopledWorld, secret } from './people.ts';

describe('the console', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    ({ world, main } = await peopledWorld());
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const enter = (
    username: string,
    more: { size?: keyof typeof sizes; theme?: 'light' | 'dark' } = {},
  ): Promise<Watched> => signIn(browser, { url: world.urls[0]!, username, password: secret, ...more });

  it('leads a new visitor through the sign-in to their tenant', async () => {
    const visitor = { url: world.urls[0]!, username: 'admin', password: secret };
    const { page, faults } = await signInByForm(browser, visitor);
    expect(new URL(page.url()).pathname).toBe('/t/main');
    expect(await page.title()).toBe('Home · main · Gatehouse');
    await page.getByRole('link', { name: /^Users 3$/ }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('shows what a person may see, and says what they may not', async () => {
    const admin = await enter('admin');
    await admin.page.goto('/t/main/roles');
    await admin.page.getByRole('row').filter({ hasText: 'Admin' }).waitFor();
    const viewer = await enter('viewer');
    await viewer.page.goto('/t/main/users');
    await viewer.page.getByRole('heading', { level: 1 }).waitFor();
    expect(await viewer.page.getByText('admin@people.example').count()).toBe(0);
    await viewer.page.goto('/t/other');
    await viewer.page.getByText('This tenant does not exist').waitFor();
    await admin.page.context().close();
    await viewer.page.context().close();
  });

  it('announces events of others instead of moving the page', async () => {
    const { page } = await enter('admin');
    await page.goto('/t/main/audit-log');
    await page.getByRole('row').nth(1).waitFor();
    const before = await page.getByRole('row').count();
    const later = `Later ${Date.now()}`;
    await world.group(main, later);
    await page.getByText(/^1 new event/).waitFor();
    expect(await page.getByRole('row').count()).toBe(before);
    await page.getByText(/^1 new event/).click();
    await page.getByText(later).first().waitFor();
    await page.context().close();
  });

  it('has its filters and the open event in the address', async () => {
    const { page } = await enter('admin');
    await page.goto('/t/main/audit-log?text=group');
    await page
      .getByRole('button', { name: /^Open event/ })
      .first()
      .click();
    await page.getByText('Request', { exact: true }).waitFor();
    expect(page.url()).toMatch(/text=group&event=/);
    await page.reload();
    await page.getByText('Request', { exact: true }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Error only' }).click();
    await page.getByText('No event matches').waitFor();
    await page.context().close();
  });

  it('goes to a page by the keyboard alone', async () => {
    const { page, faults } = await enter('admin');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Go to' }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.type('role');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Roles' }).waitFor();
    await page.locator('main:focus').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('adm');
    await page.keyboard.press('Enter');
    await page.waitForURL(/text=adm/);
    await page.getByRole('row').nth(2).waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('goes to an object by its name, and copies what a page asks for', async () => {
    const { page, faults } = await enter('admin');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('company.da');
    await page.getByRole('menuitem', { name: 'company.data' }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('edito');
    await page.getByRole('menuitem', { name: 'editor' }).click();
    await page.getByRole('heading', { level: 1, name: 'editor' }).waitFor();
    await page.getByRole('button', { name: 'Copy the query of this page' }).click();
    await page.getByRole('menuitem', { name: 'Copy as curl User', exact: true }).click();
    await page.getByText('Set GATEHOUSE_TOKEN to an API token.').waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const token = await world.token(await world.db.user.findFirstOrThrow({ where: { username: 'admin' } }));
    const { stdout } = await promisify(execFile)('sh', ['-c', command], {
      env: { ...process.env, GATEHOUSE_TOKEN: token },
    });
    expect(JSON.parse(stdout).data.node.username).toBe('editor');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('explains a permission, by the keyboard alone, with a link to the answer', async () => {
    const { page, faults } = await enter('admin');
    await page.goto('/t/main/access-explorer');
    const choose = async (name: string, text: string) => {
      await page.getByRole('combobox', { name }).focus();
      await page.keyboard.type(text);
      await page.getByRole('option').filter({ hasText: text }).first().waitFor();
      const chosen = page.locator('[role=option][data-focused]').filter({ hasText: text });
      for (let i = 0; i < 3 && (await chosen.count()) === 0; i += 1) {
        await page.keyboard.press('ArrowDown');
        await page.waitForTimeout(200);
      }
      await page.keyboard.press('Enter');
      await page.getByRole('option').first().waitFor({ state: 'detached' });
    };
    await choose('Who', 'editor');
    await choose('Permission', 'FLOW:UPDATE');
    await choose('Namespace', 'company.data');
    await page.getByRole('heading', { name: 'Yes: editor has FLOW:UPDATE in company.data' }).waitFor();
    expect(await page.getByRole('list', { name: /^A way/ }).innerText()).toMatch(/Editor[\s\S]*company\.data/);
    expect(await accessFaults(page)).toEqual([]);
    // This permission is held in the whole tenant only.
    await page.getByRole('combobox', { name: 'Permission' }).fill('');
    await choose('Permission', 'ROLE:UPDATE');
    await page.getByRole('heading', { name: 'No: editor does not have ROLE:UPDATE' }).waitFor();
    await page.getByText('A binding of a role with').waitFor();
    await page.goto('/t/main/access-explorer?may=FLOW:UPDATE&namespace=company.data');
    const able = page.getByRole('region', { name: 'Who can' });
    const row = able.getByRole('listitem').filter({ hasText: 'editor' });
    await row.waitFor();
    expect(await able.getByText('viewer').count()).toBe(0);
    expect(await accessFaults(page)).toEqual([]);
    await row.getByRole('link', { name: 'Why' }).click();
    await page.getByRole('heading', { name: 'Yes: editor has FLOW:UPDATE in company.data' }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('shows what a person may do, and leads from each permission to its reason', async () => {
    const { page, faults } = await enter('admin');
    await page.goto('/t/main/users');
    await page.getByRole('link', { name: 'editor', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'editor' }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'FLOW:UPDATE' }).click();
    await page.getByRole('heading', { name: 'Yes: editor has FLOW:UPDATE in company.data' }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('says that the gateway does not answer, and recovers', async () => {
    const { page } = await enter('admin');
    // The code of the page is not loaded ahead.
    await page.route(/assets\/Bindings-/, (route) => route.abort());
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    await page.context().setOffline(true);
    let attempts = 0;
    page.on('request', (request) => {
      if (/assets\/Bindings-/.test(request.url())) attempts += 1;
    });
    await page.getByRole('link', { name: 'Bindings', exact: true }).click();
    await page.getByRole('heading', { name: 'No answer' }).waitFor();
    expect(attempts).toBeLessThan(10);
    await page.unroute(/assets\/Bindings-/);
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('row').nth(1).waitFor();
    await page.context().close();
  });

  it('says that a page does not exist, also outside of a tenant', async () => {
    const { page } = await enter('admin');
    for (const path of ['/no/such/page', '/t/main/no-such-page']) {
      const response = await page.goto(path);
      expect(response!.status()).toBe(path.startsWith('/t/') ? 200 : 404);
      await page.getByRole('heading', { name: 'This page does not exist' }).waitFor();
    }
    await page.getByRole('link', { name: 'Go to the start' }).click();
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    const answer = await page.request.get('/no/such/page', { headers: { accept: 'application/json' } });
    expect([answer.status(), (await answer.json()).errors[0].extensions.code]).toEqual([404, 'NOT_FOUND']);
    await page.context().close();
  });

  it('says what a person without a tenant can do', async () => {
    const { page } = await (async () => {
      const context = await browser.newContext({ baseURL: world.urls[0]! });
      const made = await context.newPage();
      await made.goto('/auth/sign-in?next=/');
      await made.getByLabel('User name').fill('newcomer');
      await made.getByLabel('Password').fill(secret);
      await made.getByRole('button', { name: 'Sign in' }).click();
      return { page: made };
    })();
    await page.getByRole('heading', { name: 'You have no tenant yet' }).waitFor();
    await page.context().close();
  });

  it('is left by its button', async () => {
    const { page } = await enter('admin');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto('/');
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.context().close();
  });
});
