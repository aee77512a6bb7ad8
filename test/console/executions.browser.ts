import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { addExecution } from '../support/executions.ts';
import type { World } from '../support/world.ts';
import { assertSound, openBrowser, signIn, type sizes } from './browser.ts';
import { peopledWorld, secret } from './people.ts';
import { addRuns, type Runs } from './runs.ts';

describe('the pages of executions', () => {
  let world: World;
  let browser: Browser;
  let main: Tenant;
  let runs: Runs;
  beforeAll(async () => {
    browser = await openBrowser();
    const people = await peopledWorld();
    world = people.world;
    main = people.main;
    runs = await addRuns(world, main);
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const enter = (username: string, path: string, size: keyof typeof sizes = 'desk') =>
    signIn(browser, { url: world.urls[0]!, username, password: secret, size }, path);
  const commands = (executionId: string) =>
    world.db.command.findMany({
      where: { executionId },
      orderBy: { id: 'asc' },
      select: { kind: true, payload: true },
    });

  it('filter by links, sort by columns, and show an execution next to the list', async () => {
    const { page, faults } = await enter('admin', '/t/main/executions');
    const rows = page.locator('table.data tbody tr');
    await expect.poll(() => rows.count()).toBe(5);
    await page.getByRole('link', { name: /^Failed 1/ }).click();
    await expect.poll(() => rows.count()).toBe(1);
    expect(page.url()).toMatch(/state=FAILED/);
    await page.getByRole('button', { name: 'orders', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Execution bad' });
    await panel.getByText('expected 184 rows, got 183').waitFor();
    await expect.poll(() => panel.locator('.gantt li').count()).toBe(4);
    await panel.getByRole('button', { name: 'Failed only' }).click();
    await expect.poll(() => panel.locator('.gantt li').count()).toBe(2);
    await assertSound({ page, faults });
    const edge = panel.getByRole('separator', { name: 'Width of the panel' });
    const before = (await panel.boundingBox())!.width;
    await edge.focus();
    await page.keyboard.press('ArrowLeft');
    expect((await panel.boundingBox())!.width).toBe(before + 40);
    // The same view by its address.
    await page.reload();
    await panel.getByText('expected 184 rows, got 183').waitFor();
    await panel.getByRole('link', { name: 'Close the panel' }).click();
    await page.getByRole('link', { name: /^State Failed.*remove/ }).click();
    await page.getByRole('link', { name: 'Flow', exact: true }).click();
    await page.locator('th[aria-sort="descending"]', { hasText: 'Flow' }).waitFor();
    await expect.poll(() => rows.first().innerText()).toMatch(/sales/);
    await page.getByRole('button', { name: 'Executions over time as a table' }).click();
    await page.getByRole('region', { name: 'Executions over time: table' }).getByText('Failed').waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('announce what starts, change rows in place, and do not move what one reads', async () => {
    const { page, faults } = await enter('admin', '/t/main/executions');
    const busy = page.getByRole('row', { name: /busy/ });
    await busy.getByText('Running').waitFor();
    // The subscription begins after the list.
    await expect
      .poll(async () => {
        await runs.run('busy', ['CREATED', 'RUNNING', 'RESTARTED', 'RUNNING', 'WARNING']);
        return busy.getByText('Warning').count();
      })
      .toBe(1);
    await runs.run('fresh', ['CREATED', 'RUNNING']);
    const pill = page.getByRole('button', { name: '1 new execution' });
    await pill.waitFor();
    expect(await page.getByRole('row', { name: /fresh/ }).count()).toBe(0);
    await pill.click();
    await page.getByRole('row', { name: /fresh/ }).waitFor();
    // What no longer matches is said, too.
    await page.getByRole('link', { name: /^Running/ }).click();
    await expect.poll(() => page.locator('table.data tbody tr').count()).toBe(1);
    await expect
      .poll(
        async () => {
          await runs.run('fresh', ['CREATED', 'RUNNING', 'RESTARTED', 'RUNNING', 'SUCCESS']);
          return page.getByRole('button', { name: '1 no longer matches' }).count();
        },
        { timeout: 10_000, interval: 500 },
      )
      .toBe(1);
    await page.getByRole('button', { name: '1 no longer matches' }).click();
    await page.getByText('No execution matches').waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('act on many rows with an answer for each', async () => {
    const { page, faults } = await enter('admin', '/t/main/executions?sort=EXECUTION_ID');
    await page.getByRole('checkbox', { name: 'Choose orders good' }).check();
    await page.getByRole('checkbox', { name: 'Choose approval paused' }).check();
    await page.getByRole('region', { name: 'Chosen rows' }).getByRole('button', { name: 'Kill…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('A wrong price list');
    await dialog.getByRole('button', { name: 'Kill (2)' }).click();
    await dialog.getByText('1 of 2 done').waitFor();
    await dialog.getByText('This execution has already ended.').waitFor();
    await assertSound({ page, faults });
    expect((await commands('paused')).map(({ kind }) => kind)).toEqual(['KILL']);
    expect(await commands('good')).toEqual([]);
    await page.context().close();
  });

  it('show those of the namespace of the viewer only, and name the missing permission', async () => {
    const editor = await enter('editor', '/t/main/executions?since=week');
    await editor.page.getByRole('row', { name: /good/ }).waitFor();
    expect(await editor.page.getByRole('row', { name: /sales/ }).count()).toBe(0);
    expect(editor.faults).toEqual([]);
    await editor.page.context().close();
    const viewer = await enter('viewer', '/t/main/executions/bad', 'phone');
    const restart = viewer.page.getByRole('button', { name: 'Restart' });
    expect(await restart.getAttribute('aria-disabled')).toBe('true');
    await restart.focus();
    await viewer.page.keyboard.press('Enter');
    await viewer.page.getByRole('dialog', { name: 'Why this is not possible' }).getByText('EXECUTION:UPDATE').waitFor();
    await assertSound(viewer);
    await viewer.page.context().close();
  });

  it('show one execution: its Gantt, log, outputs and metrics', async () => {
    const { page, faults } = await enter('admin', '/t/main/executions/bad');
    await page.getByRole('region', { name: 'States' }).getByText('Failed').waitFor();
    await page.getByRole('link', { name: 'Gantt' }).click();
    await page.getByRole('link', { name: 'load [us]' }).click();
    const panel = page.getByRole('complementary', { name: 'Task run load' });
    await panel.getByRole('button', { name: 'Replay from here' }).waitFor();
    await assertSound({ page, faults });
    await panel.getByRole('link', { name: 'Its log' }).click();
    const log = page.getByRole('region', { name: 'Log of bad' });
    await log.getByText('expected 184 rows, got 183').waitFor();
    expect(await log.locator('.log-line').count()).toBe(2);
    await page.getByRole('link', { name: /^Task load.*remove/ }).click();
    await log.getByText('Row 1 is loaded').waitFor();
    await log.focus();
    await page.keyboard.press('End');
    await log.getByText('Row 100 is loaded').waitFor();
    await page.getByRole('button', { name: 'To the end' }).click();
    await log.getByText('expected 184 rows, got 183').waitFor();
    await assertSound({ page, faults });
    await page.getByRole('searchbox').fill('ROW 17');
    await page.keyboard.press('Enter');
    await expect.poll(() => log.locator('mark').count()).toBe(11);
    await page.getByRole('link', { name: 'Topology' }).click();
    const task = page.getByRole('button', { name: /^load/ });
    await task.getByText('Failed').waitFor({ state: 'attached' });
    await task.getByText('×2').waitFor();
    await task.click();
    await page.getByRole('complementary', { name: 'Task run load' }).waitFor();
    await assertSound({ page, faults });
    await page.getByRole('link', { name: 'Outputs' }).click();
    await page.getByRole('button', { name: 'rows', exact: true }).click();
    await page.getByRole('button', { name: 'Render' }).click();
    await page.getByRole('status').getByText('42', { exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Expression' }).fill('{{ outputs.fetch.rows | }}');
    await page.getByRole('button', { name: 'Render' }).click();
    await page.getByText(/Line 1, column/).waitFor();
    await assertSound({ page, faults });
    await page.getByRole('link', { name: 'Metrics' }).click();
    await page.getByRole('region', { name: 'rows' }).getByText('42').waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('resume with the inputs that the paused task declares, each fault at its field', async () => {
    await runs.run('waits', ['CREATED', 'RUNNING', 'PAUSED'], { flowId: 'approval' });
    const now = new Date().toISOString();
    await runs.engine.reportExecutions({
      executions: [],
      taskRuns: [
        {
          executionId: 'waits',
          taskRunId: 'w1',
          sequence: '1',
          taskId: 'approve',
          history: [{ state: 'PAUSED', at: now }],
        },
      ],
    });
    const { page, faults } = await enter('admin', '/t/main/executions/waits');
    await page.getByRole('button', { name: 'Resume' }).click();
    const dialog = page.getByRole('dialog', { name: 'Resume: waits' });
    await dialog.getByLabel('comment').fill('Looks right');
    await dialog.getByLabel('pages').fill('3');
    await assertSound({ page, faults });
    await dialog.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('status').filter({ hasText: 'Resume: requested' }).waitFor();
    expect(await commands('waits')).toEqual([
      { kind: 'RESUME', payload: { inputs: { comment: 'Looks right', pages: '3' } } },
    ]);
    await page.context().close();
  });

  it('follow the logs of all executions, and list task runs with their durations', async () => {
    const { page, faults } = await enter('admin', '/t/main/logs');
    const log = page.getByRole('region', { name: 'Log of all executions' });
    await log.getByText('expected 184 rows, got 183').waitFor();
    let sequence = 0;
    await expect
      .poll(async () => {
        sequence += 1;
        const at = new Date().toISOString();
        const line = { executionId: 'good', sequence: String(sequence), at, level: 'INFO', message: 'Just now' };
        await runs.engine.logs([line]);
        return log.getByText('Just now').count();
      })
      .toBeGreaterThan(0);
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByLabel('Level').selectOption('ERROR');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect.poll(() => log.locator('.log-line').count()).toBe(1);
    await page.goto('/t/main/task-runs?state=FAILED');
    await expect.poll(() => page.locator('table.data tbody tr').count()).toBe(2);
    await page.getByRole('button', { name: 'Duration as a table' }).click();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('start with a flow that is chosen by its name', async () => {
    const { page, faults } = await enter('editor', '/t/main/executions');
    await page.getByRole('button', { name: 'Run a flow' }).click();
    await page.getByRole('combobox', { name: 'Flow' }).fill('ord');
    await page.getByRole('option', { name: /orders/ }).click();
    await page.getByRole('dialog', { name: 'Run orders' }).getByRole('button', { name: 'Run' }).click();
    await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor();
    await page.locator('.head-line').getByText('Submitted').waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('show a run of a year ago by its link', async () => {
    const startedAt = new Date(Date.now() - 365 * 86_400_000);
    await addExecution(world, main, { namespace: 'company.data', executionId: 'ancient', state: 'FAILED', startedAt });
    const { page, faults } = await enter('editor', '/t/main/executions/ancient');
    await page.getByRole('region', { name: 'States' }).getByText('Failed').waitFor();
    for (const part of ['Gantt', 'Logs', 'Topology', 'Outputs', 'Metrics', 'Activity']) {
      await page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link', { name: part }).click();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['admin', 'sales'],
    ['editor', 'orders'],
  ])('show on Home what runs, fails and starts next, also to %s', async (username, flow) => {
    const { page, faults } = await enter(username, '/t/main', 'phone');
    const failing = page.getByRole('region', { name: 'Failing flows' });
    await failing.getByRole('link', { name: 'orders' }).waitFor();
    await page.getByRole('region', { name: 'Now' }).getByText('approval').first().waitFor();
    await page.getByRole('link', { name: 'Last 7 days' }).click();
    await expect.poll(() => page.url()).toMatch(/since=week/);
    await page.getByRole('link', { name: /^Success/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Executions' }).waitFor();
    await page
      .getByRole('row', { name: new RegExp(flow) })
      .first()
      .waitFor();
    expect(await page.getByRole('row', { name: /sales/ }).count()).toBe(username === 'admin' ? 1 : 0);
    await assertSound({ page, faults });
    await page.context().close();
  });
});
