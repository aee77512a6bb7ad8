import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import type { World } from '../support/world.ts';
import { assertSound, openBrowser, signIn, type sizes } from './browser.ts';
import { peopledWorld, secret } from './people.ts';

const core = 'io.kestra.plugin.core';
const flow = (id: string, namespace: string) => `id: ${id}
namespace: ${namespace}
inputs:
  - { id: day, type: STRING, required: false }
tasks:
  - { id: say, type: ${core}.log.Log, message: hello }
triggers:
  - { id: every-morning, type: ${core}.trigger.Schedule, cron: "0 6 * * *" }
  - { id: called, type: ${core}.trigger.Webhook, key: a-long-secret-key }
`;

describe('the pages of triggers, namespaces, blueprints and plugins', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    ({ world, main } = await peopledWorld());
    await world.flow(main, flow('orders', 'company.data'));
    await world.flow(main, flow('sales', 'company.sales'));
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const enter = (username: string, path: string, size: keyof typeof sizes = 'desk') =>
    signIn(browser, { url: world.urls[0]!, username, password: secret, size }, path);

  it('say who switched a trigger off and why, when it is due, and enable it with a choice about missed dates', async () => {
    const { page, faults } = await enter('editor', '/t/main/triggers?kind=SCHEDULE');
    // Rights end at the namespace.
    await expect.poll(() => page.locator('table.data tbody tr').count()).toBe(1);
    await page.getByText('At 06:00').waitFor();
    await page.getByRole('button', { name: 'Actions on every-morning' }).click();
    await page.getByRole('menuitem', { name: 'Disable…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('The source moves');
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await page.getByText('By editor').waitFor();
    await assertSound({ page, faults });
    await page.context().close();
    const other = await enter('admin', '/t/main/triggers?is=off');
    await other.page.getByRole('link', { name: 'every-morning' }).click();
    await other.page.getByText('The source moves').waitFor();
    await other.page.getByRole('region', { name: 'It would be due' }).waitFor();
    await other.page.getByRole('button', { name: 'Enable…' }).click();
    await other.page.getByLabel('Dates that it missed').selectOption('LAST');
    await other.page.getByRole('dialog').getByRole('button', { name: 'Enable' }).click();
    await other.page.getByRole('region', { name: 'Next dates' }).waitFor();
    await assertSound(other);
    await other.page.context().close();
  });

  it('show the dates of a backfill before it starts, on a phone', async () => {
    const trigger = await world.db.trigger.findFirstOrThrow({ where: { triggerId: 'every-morning', flowId: 'sales' } });
    const { page, faults } = await enter('admin', '/t/main/triggers?flow=sales&kind=SCHEDULE', 'phone');
    await page.getByRole('link', { name: 'every-morning' }).click();
    await page.getByRole('link', { name: 'Backfill' }).click();
    await page.getByLabel('From').fill('2026-01-01T00:00');
    await page.getByLabel('Until').fill('2026-01-03T23:00');
    await page.getByRole('button', { name: 'Show the dates' }).click();
    const dates = page.getByRole('region', { name: 'It would run for' });
    await expect.poll(() => dates.getByRole('listitem').count()).toBe(3);
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Start a backfill…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It starts 3 executions').waitFor();
    await dialog.getByLabel('day').fill('monday');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByRole('region', { name: 'Current backfill' }).waitFor();
    const row = await world.db.trigger.findUniqueOrThrow({ where: { id: trigger.id } });
    expect(row.backfill).toMatchObject({ inputs: { day: 'monday' } });
    await page.getByRole('button', { name: 'Pause…' }).click();
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Backfill, paused').waitFor();
    await page.context().close();
  });

  it('act on many triggers with an answer for each', async () => {
    const { page, faults } = await enter('admin', '/t/main/triggers');
    await page.getByRole('checkbox', { name: 'Choose orders / called' }).check();
    await page.getByRole('checkbox', { name: 'Choose sales / called' }).check();
    await page.getByRole('region', { name: 'Chosen rows' }).getByRole('button', { name: 'Disable…' }).click();
    // One of them is changed meanwhile, so the viewer has not seen its state.
    await world.db.trigger.updateMany({
      where: { triggerId: 'called', flowId: 'sales' },
      data: { version: { increment: 1 } },
    });
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await dialog.getByText('1 of 2 done').waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('set variables, secrets, values and files of a namespace, and show where each comes from', async () => {
    const { page, faults } = await enter('admin', '/t/main/namespaces');
    await page.getByRole('link', { name: 'company.data' }).click();
    const tab = (name: string) =>
      page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link', { name, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await tab('Variables');
    await page.getByRole('button', { name: 'Add a variable' }).click();
    await dialog.getByLabel('Name').fill('regions');
    await dialog.getByLabel('Value').fill('[eu, us]');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('["eu","us"]').waitFor();
    await tab('Secrets');
    await page.getByRole('button', { name: 'Add a secret' }).click();
    await dialog.getByLabel('Name').fill('DB_PASSWORD');
    await dialog.getByLabel('Value').fill(' with spaces ');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('row', { name: 'DB_PASSWORD' }).waitFor();
    expect(await page.content()).not.toContain('with spaces');
    await tab('Key-value store');
    await page.getByRole('button', { name: 'Add a value' }).click();
    await dialog.getByLabel('Key').fill('last_row');
    await dialog.getByLabel('Type').selectOption('NUMBER');
    await dialog.getByLabel('Value').fill('many');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Value').fill('42');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row', { name: /last_row.*42/ }).waitFor();
    await tab('Files');
    await page.getByRole('button', { name: 'Add files' }).first().click();
    await page.getByLabel('Files of this computer').setInputFiles({
      name: 'orders.sql',
      mimeType: 'text/plain',
      buffer: Buffer.from('select 1'),
    });
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByText('1 of 1 done').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('link', { name: 'orders.sql' }).click();
    await page.getByRole('textbox', { name: 'Content of /orders.sql' }).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' + 1');
    await page.getByRole('button', { name: 'Save…' }).click();
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('status').filter({ hasText: 'File saved' }).waitFor();
    const file = await world.db.namespaceFile.findFirstOrThrow({ where: { path: '/orders.sql' } });
    expect(Buffer.from(file.content).toString()).toBe('select 1 + 1');
    await tab('Access');
    await page.getByRole('row', { name: /admin.*Admin.*the whole tenant/ }).waitFor();
    await page.getByRole('row', { name: /editor.*Editor.*company.data/ }).waitFor();
    await assertSound({ page, faults: faults.filter((one) => !/status of 4/.test(one)) });
    await page.context().close();
  });

  it('keep custom blueprints, and open the editor with one', async () => {
    const { page, faults } = await enter('admin', '/t/main/blueprints');
    await page.getByRole('button', { name: 'Create a blueprint' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Title').fill('Our load');
    await dialog.getByLabel('Source, as YAML').fill(flow('load', 'company.data'));
    await dialog.getByLabel('Tags').fill('Load');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Our load' }).waitFor();
    await page.getByRole('link', { name: 'Blueprints' }).first().click();
    await page.getByRole('navigation', { name: 'Tags' }).getByRole('link', { name: 'Load' }).click();
    await page.getByRole('link', { name: 'Use Our load' }).click();
    await page.getByText('id: load').waitFor();
    await page.getByText('Valid', { exact: true }).waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('list the types that flows use, and lead to these flows', async () => {
    const { page, faults } = await enter('viewer', '/t/main/plugins?used=yes');
    await page
      .getByRole('row', { name: /log.Log/ })
      .getByRole('link', { name: '2' })
      .click();
    await expect.poll(() => page.locator('table.data tbody tr').count()).toBe(2);
    await page.goBack();
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.getByRole('region', { name: 'Flows that use it' }).getByRole('link', { name: 'orders' }).waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });
});
