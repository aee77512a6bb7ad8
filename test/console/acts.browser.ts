import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group, Tenant } from '../../src/db/generated/client.ts';
import { enrolled } from '../matrix/cells/second-factor.ts';
import { call } from '../support/call.ts';
import { type Gateway, startGateway } from '../support/gateway-process.ts';
import { freePort } from '../support/program.ts';
import { idOf, World } from '../support/world.ts';
import { accessFaults, assertSound, openBrowser, signIn, type sizes } from './browser.ts';

const secret = 'another long passphrase';

describe('an act in the console', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  let data: Group;
  beforeAll(async () => {
    browser = await openBrowser();
    world = await World.create();
    main = await world.tenant('main');
    await world.namespace(main, 'company.data');
    const [admin, editor, viewer] = [
      await world.user('admin', [main], { password: secret }),
      await world.user('editor', [main], { password: secret }),
      await world.user('viewer', [main], { password: secret }),
    ];
    await world.bind(main, { principal: admin }, await world.managed(main, 'Admin'));
    await world.bind(main, { principal: editor }, await world.managed(main, 'Editor'), 'company.data');
    await world.bind(main, { principal: viewer }, await world.managed(main, 'Viewer'));
    data = await world.group(main, 'Data');
    await world.member(main, data, viewer);
    await world.bind(main, { group: data }, await world.managed(main, 'Editor'));
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const enter = (username: string, path: string, size: keyof typeof sizes = 'desk') =>
    signIn(browser, { url: world.urls[0]!, username, password: secret, size }, path);
  const userId = async (username: string) =>
    idOf('User', await world.db.user.findFirstOrThrow({ where: { username } }));

  it.each(['editor', 'viewer'])('that %s is not allowed to do says which permission is missing', async (username) => {
    const { page, faults } = await enter(username, '/t/main/groups');
    const create = page.getByRole('button', { name: 'Create a group' }).first();
    expect(await create.getAttribute('aria-disabled')).toBe('true');
    // By keyboard, as the button keeps its place in the order of the page.
    await create.focus();
    await page.keyboard.press('Enter');
    const reason = page.getByRole('dialog', { name: 'Why this is not possible' });
    await reason.getByText('GROUP:CREATE').waitFor();
    await assertSound({ page, faults });
    await reason.getByRole('link', { name: 'Why, and who can' }).click();
    await page.getByRole('heading', { name: new RegExp(`No: ${username} does not have GROUP:CREATE`) }).waitFor();
    await page.context().close();
  });

  it.each(['desk', 'phone'] as const)('has a form with each fault at its field: on a %s', async (size) => {
    const { page, faults } = await enter('admin', '/t/main/groups', size);
    await page.getByRole('button', { name: 'Create a group' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create a group' });
    expect(await page.getByLabel('Name').evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type('x'.repeat(300));
    await page.keyboard.press('Enter');
    const name = dialog.getByLabel('Name');
    await expect.poll(() => name.getAttribute('aria-invalid')).toBe('true');
    expect(await dialog.getByRole('alert').innerText()).toMatch(/characters/);
    await assertSound({ page, faults: faults.filter((fault) => !/status of 4\d\d/.test(fault)) });
    // What was typed stays, and the fault goes with the next change.
    await name.fill(`Made on a ${size}`);
    expect(await name.getAttribute('aria-invalid')).toBe(null);
    await dialog.getByLabel('Reason').fill('A new team');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { level: 1, name: `Made on a ${size}` }).waitFor();
    await page.getByRole('status').filter({ hasText: 'Group created' }).waitFor();
    const event = await world.db.auditEvent.findFirstOrThrow({
      where: { action: 'group.create', resourceKey: `Made on a ${size}` },
    });
    expect(event.reason).toBe('A new team');
    await page.context().close();
  });

  it('that changes access shows by a dry run who loses what, and changes nothing before', async () => {
    const { page, faults } = await enter('admin', '/t/main/groups');
    await page.getByRole('link', { name: 'Data', exact: true }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the group Data' });
    await dialog.getByText('viewer').waitFor();
    expect(await dialog.innerText()).toMatch(/FLOW:UPDATE/);
    expect(await world.db.group.count({ where: { id: data.id } })).toBe(1);
    await assertSound({ page, faults });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('on many rows answers for each of them', async () => {
    for (const name of ['Bulk one', 'Bulk two']) await world.group(main, name);
    await world.root().ok(call('setPolicyConfiguration', 'policies { name }'), {
      i: { policies: { 'require-reason': { rules: [{ resource: 'GROUP', actions: ['DELETE'] }] } } },
    });
    const { page } = await enter('admin', '/t/main/groups');
    await page.getByRole('checkbox', { name: 'Choose Bulk one' }).check();
    await page.getByRole('checkbox', { name: 'Choose Bulk two' }).check();
    await page.getByRole('region', { name: 'Chosen rows' }).getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete groups' });
    await dialog.getByRole('button', { name: 'Delete all' }).click();
    await dialog.getByText('0 of 2 done').waitFor();
    await world.root().ok(call('setPolicyConfiguration', 'policies { name }'), { i: { policies: {} } });
    await world.app.freshness.confirm();
    await dialog.getByRole('button', { name: 'Try 2 again' }).click();
    await dialog.getByText('2 of 2 done').waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    expect(await world.db.group.count({ where: { name: { startsWith: 'Bulk' } } })).toBe(0);
    await page.context().close();
  });

  it('that a policy wants to be proved is repeated after the code', async () => {
    const admin = await world.db.user.findFirstOrThrow({ where: { username: 'admin' } });
    const { page } = await enter('admin', '/t/main/groups');
    const code = await enrolled(world, admin.id);
    const policies = { 'second-factor': { rules: [{ resource: 'GROUP', actions: ['CREATE'] }] } };
    const configure = call('setPolicyConfiguration', 'policies { name }');
    await world.root().ok(configure, { i: { policies } });
    await page.reload();
    await page.getByRole('button', { name: 'Create a group' }).click();
    await page.getByLabel('Name').fill('Proved by a code');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const proof = page.getByRole('dialog', { name: 'Prove that it is you' });
    await proof.getByLabel('Code of your app').fill('000000');
    await proof.getByRole('button', { name: 'Go on' }).click();
    await proof.getByRole('alert').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await proof.getByLabel('Code of your app').fill(code());
    await proof.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('heading', { level: 1, name: 'Proved by a code' }).waitFor();
    await page.context().close();
    await world.root().ok(configure, { i: { policies: {} } });
    await world.db.secondFactor.deleteMany();
    await world.write((tx) => tx.accessState.updateMany({ data: { revision: { increment: 1 } } }));
  });

  it('in an ended session keeps the form, and goes on after the sign-in in a dialog', async () => {
    const { page } = await enter('admin', '/t/main/groups');
    await page.getByRole('button', { name: 'Create a group' }).click();
    await page.getByLabel('Name').fill('Kept over the sign-in');
    await world.root().ok(call('revokeSessions', 'count'), { i: { user: await userId('admin') } });
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.getByLabel('Password').fill('wrong');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Password').fill(secret);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Kept over the sign-in' }).waitFor();
    expect(await world.db.group.count({ where: { name: 'Kept over the sign-in' } })).toBe(1);
    await page.context().close();
  });

  it('that lost its answer is done once, however often it is sent', async () => {
    const { page } = await enter('admin', '/t/main/groups');
    await page.getByRole('button', { name: 'Create a group' }).click();
    await page.getByLabel('Name').fill('Sent twice');
    let isFirst = true;
    await page.route('**/graphql', async (route) => {
      if (!isFirst || !route.request().postData()?.includes('createGroup')) return route.continue();
      isFirst = false;
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('The gateway cannot be reached').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Sent twice');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('status').filter({ hasText: 'Group created' }).waitFor();
    expect(await world.db.group.count({ where: { name: 'Sent twice' } })).toBe(1);
    await page.context().close();
  });

  it('shows the last of two quick changes, also if the page still asks for what the first one changed', async () => {
    const group = await world.group(main, 'Quick');
    const { page } = await enter('admin', `/t/main/groups/${encodeURIComponent(idOf('Group', group))}`);
    const save = async (description: string) => {
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByLabel('Description').fill(description);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    };
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHeld = false;
    await page.route('**/graphql', async (route) => {
      if (isHeld || !route.request().postData()?.includes('query GroupQuery')) return route.continue();
      isHeld = true;
      const response = await route.fetch();
      await isReleased;
      return route.fulfill({ response });
    });
    await save('first');
    await expect.poll(() => isHeld).toBe(true);
    await save('second');
    release();
    await page.locator('header').getByText('second').waitFor();
    await page.context().close();
  });

  it('waits for a gateway that restarts, with a banner, and recovers', async () => {
    const port = String(await freePort());
    let gateway: Gateway = await startGateway(world, { PORT: port });
    const { page } = await signIn(browser, { url: gateway.url, username: 'admin', password: secret }, '/t/main/groups');
    await page.getByRole('button', { name: 'Create a group' }).click();
    await page.getByLabel('Name').fill('Survived a restart');
    await gateway.program.kill('SIGTERM');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('The gateway does not answer').waitFor();
    gateway = await startGateway(world, { PORT: port });
    await page.getByText('The gateway does not answer').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Survived a restart' }).waitFor();
    await page.context().close();
    await gateway.program.kill('SIGTERM');
  });

  it('saves the filters of a page under a name, for every browser of the viewer', async () => {
    const { page } = await enter('viewer', '/t/main/roles?text=edit');
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('button', { name: 'Save this view' }).click();
    await page.getByLabel('Name').fill('Those who edit');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('status').filter({ hasText: 'View saved' }).waitFor();
    await page.context().close();
    const later = await enter('viewer', '/t/main/roles');
    await later.page.getByRole('button', { name: 'Views' }).click();
    await later.page.getByRole('link', { name: 'Those who edit' }).click();
    await expect.poll(() => new URL(later.page.url()).search).toBe('?text=edit');
    await later.page.getByRole('button', { name: 'Views' }).click();
    await later.page.getByRole('button', { name: 'Delete the view Those who edit' }).click();
    await later.page.getByRole('link', { name: 'Those who edit' }).waitFor({ state: 'detached' });
    await later.page.context().close();
  });

  it('keeps the theme with the viewer, not with the browser', async () => {
    const first = await enter('viewer', '/t/main');
    await first.page.getByRole('button', { name: 'Use the dark theme' }).click();
    await expect.poll(async () => (await world.db.userSettings.findFirst())?.settings).toMatchObject({ theme: 'dark' });
    await first.page.context().close();
    const second = await enter('viewer', '/t/main');
    await expect.poll(() => second.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await second.page.context().close();
  });
});
