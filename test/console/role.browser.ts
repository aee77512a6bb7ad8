import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { World } from '../support/world.ts';
import { accessFaults, openBrowser, signIn, sizes } from './browser.ts';

const secret = 'another long passphrase';

describe('the page of a role', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    world = await World.create();
    main = await world.tenant('main');
    const admin = await world.user('admin', [main], { password: secret });
    const bob = await world.user('bob', [main], { password: secret });
    await world.bind(main, { principal: admin }, await world.managed(main, 'Admin'));
    const role = await world.role(main, 'Data engineer', ['FLOW:READ', 'FLOW:UPDATE']);
    await world.bind(main, { principal: bob }, role);
    await world.bind(main, { principal: bob }, await world.managed(main, 'Viewer'));
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const permissions = async () =>
    (await world.db.role.findFirstOrThrow({ where: { name: 'Data engineer' } })).permissions;

  it.each(['desk', 'phone'] as const)(
    'shows who gains and loses what before a change is saved: on a %s',
    async (size) => {
      const before = await permissions();
      const { page, faults } = await signIn(browser, {
        url: world.urls[0]!,
        username: 'admin',
        password: secret,
        size,
      });
      await page.goto('/t/main/roles');
      await page.getByRole('link', { name: 'Data engineer' }).click();
      await page.getByRole('heading', { level: 1, name: 'Data engineer' }).waitFor();
      await page.getByRole('checkbox', { name: 'Create Binding' }).check();
      await page.getByRole('checkbox', { name: 'Update Flow' }).uncheck();
      const panel = page.getByRole('complementary', { name: 'What this would change' });
      await panel.getByText('gains').first().waitFor();
      const text = await panel.innerText();
      expect(text).toMatch(/bob/);
      expect(text).toContain('BINDING:CREATE');
      expect(text).toContain('FLOW:UPDATE');
      expect(text).toContain('Escalation');
      expect(await accessFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(sizes[size].width);
      // A dry run changes nothing.
      expect(await permissions()).toEqual(before);
      await page.getByRole('button', { name: 'Discard' }).click();
      expect(await page.getByRole('checkbox', { name: 'Update Flow' }).isChecked()).toBe(true);
      expect(faults).toEqual([]);
      await page.context().close();
    },
  );

  it('saves a change with its reason', async () => {
    const { page } = await signIn(browser, { url: world.urls[0]!, username: 'admin', password: secret });
    await page.goto('/t/main/roles');
    await page.getByRole('link', { name: 'Data engineer' }).click();
    await page.getByRole('checkbox', { name: 'Delete Flow' }).check();
    await page.getByLabel('Reason').fill('The clean-up of old flows');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('no changes').waitFor();
    expect(await permissions()).toContain('FLOW:DELETE');
    const event = await world.db.auditEvent.findFirstOrThrow({ where: { action: 'role.update' } });
    expect(event.reason).toBe('The clean-up of old flows');
    await page.context().close();
  });

  it('says why a role cannot be changed', async () => {
    const { page } = await signIn(browser, { url: world.urls[0]!, username: 'bob', password: secret });
    await page.goto('/t/main/roles');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const admin = await signIn(browser, { url: world.urls[0]!, username: 'admin', password: secret });
    await admin.page.goto('/t/main/roles');
    await admin.page.getByRole('link', { name: 'Viewer' }).click();
    await admin.page.getByText('Gatehouse manages this role').waitFor();
    expect(await admin.page.getByRole('checkbox', { name: 'Update Flow' }).isDisabled()).toBe(true);
    await page.context().close();
    await admin.page.context().close();
  });
});
