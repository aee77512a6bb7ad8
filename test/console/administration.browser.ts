import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepAt, totpCode } from '../../src/auth/totp.ts';
import type { Role, Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import { idOf, World } from '../support/world.ts';
import { accessFaults, assertSound, openBrowser, signIn } from './browser.ts';

const secret = 'another long passphrase';

/** The bytes of a secret, as an app reads them. */
function fromBase32(text: string): Buffer {
  const bits = [...text.replaceAll(/[\s=]/g, '')]
    .map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}

describe('the administration pages', () => {
  let world: World;
  let main: Tenant;
  let browser: Browser;
  let role: Role;
  beforeAll(async () => {
    browser = await openBrowser();
    world = await World.create();
    main = await world.tenant('main');
    await world.namespace(main, 'company.data');
    for (const name of ['admin', 'editor', 'viewer', 'bob']) await world.user(name, [main], { password: secret });
    await world.user('chief', [main], { password: secret, superAdmin: true });
    const of = (username: string) => world.db.user.findFirstOrThrow({ where: { username } });
    await world.bind(main, { principal: await of('admin') }, await world.managed(main, 'Admin'));
    await world.bind(main, { principal: await of('editor') }, await world.managed(main, 'Editor'), 'company.data');
    await world.bind(main, { principal: await of('viewer') }, await world.managed(main, 'Viewer'));
    role = await world.role(main, 'Data reader', ['FLOW:READ']);
    await world.group(main, 'Data');
    await world.account(main, 'ci');
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });
  const enter = (username: string, path: string) =>
    signIn(browser, { url: world.urls[0]!, username, password: secret }, `/t/main/${path}`);
  /** Chooses an option of a combobox by its text. */
  const choose = async (page: Page, label: string, text: string) => {
    await page.getByRole('combobox', { name: label }).fill(text);
    await page.getByRole('option').filter({ hasText: text }).first().click();
  };

  it('create a token, which is shown once and works; rotate it; and revoke it after its uses', async () => {
    const { page, faults } = await enter('bob', 'api-tokens');
    await page.getByRole('button', { name: 'Create a token' }).first().click();
    await page.getByLabel('Name').fill('nightly');
    await page.getByLabel('Expires after').selectOption('P7D');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const shown = page.getByRole('dialog', { name: 'Your new token' });
    const token = await shown.getByText(/^gth_\w{36}$/).innerText();
    await shown.getByRole('button', { name: /^Copy: Copy it now/ }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    expect(await shown.getByText(/^curl/).innerText()).toContain(`Bearer ${token}`);
    await assertSound({ page, faults });
    await shown.getByRole('button', { name: 'Done' }).click();
    expect((await world.bearer(token).ok<any>('{ viewer { name } }')).viewer.name).toBe('bob');
    expect(await page.content()).not.toContain(token);
    await page.getByRole('button', { name: 'Rotate nightly' }).click();
    await page.getByRole('button', { name: 'Create the new token' }).click();
    await page.getByText(/^gth_\w{36}$/).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.reload();
    await expect.poll(() => page.getByRole('button', { name: 'Revoke nightly' }).count()).toBe(2);
    await world.app.services.decisions.flush({ all: true });
    await page.getByRole('button', { name: 'Revoke nightly' }).first().click();
    const revoking = page.getByRole('dialog', { name: 'Revoke nightly' });
    await revoking.getByText(/What stops working|It was never used/).waitFor();
    await assertSound({ page, faults });
    await revoking.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByText('Revoked').first().waitFor();
    await page.context().close();
  });

  it('show the tokens of service accounts to their administrators only', async () => {
    const { page } = await enter('admin', 'service-accounts');
    await page.getByRole('link', { name: 'ci', exact: true }).click();
    await page.getByRole('link', { name: 'API tokens' }).last().click();
    await page.getByRole('button', { name: 'Create a token' }).first().click();
    await page.getByLabel('Name').fill('deploy');
    await page.getByLabel('Can do').selectOption('some');
    await page.getByRole('button', { name: 'All to read' }).click();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText(/^gth_\w{36}$/).waitFor();
    const { ceiling } = await world.db.apiToken.findFirstOrThrow({ where: { name: 'deploy' } });
    expect(JSON.stringify(ceiling)).toContain('FLOW:READ');
    await page.context().close();
    const viewer = await enter('viewer', 'api-tokens');
    expect(await viewer.page.getByRole('combobox', { name: 'Whose' }).count()).toBe(0);
    await viewer.page.context().close();
  });

  it('invite a person with a role in one namespace: a link, shown once, again, and withdrawn', async () => {
    const { page, faults } = await enter('admin', 'invitations');
    await page.getByRole('button', { name: 'Invite' }).first().click();
    await page.getByLabel('E-mail').fill('dora@people.example');
    await choose(page, 'Roles', 'Data reader');
    await choose(page, 'Where', 'company.data');
    await page.getByRole('button', { name: 'Add this role' }).click();
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Invite', exact: true }).last().click();
    const first = await page.getByText(/\/auth\/accept\?token=/).innerText();
    await page.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('row').filter({ hasText: 'dora@people.example' });
    await row.getByText('Data reader in company.data').waitFor();
    await page.getByRole('button', { name: 'Invite dora@people.example again' }).click();
    await page.getByRole('button', { name: 'Send a new invitation' }).click();
    const second = await page.getByText(/\/auth\/accept\?token=/).innerText();
    expect(second).not.toBe(first);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Revoke the invitation of dora@people.example' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByText('No invitations yet').waitFor();
    expect(await world.db.invitation.count()).toBe(0);
    await page.context().close();
    const editor = await enter('editor', 'invitations');
    await editor.page.getByText('You do not have permission to see invitations').waitFor();
    await editor.page.context().close();
  });

  it('end a session of another browser, and all of them', async () => {
    const other = await enter('bob', '');
    const { page, faults } = await enter('bob', 'sessions');
    await page.getByText('this one').waitFor();
    expect(await page.getByRole('button', { name: /^End the session/ }).count()).toBeGreaterThan(1);
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click();
    await page.getByText(/sessions? ended/).waitFor();
    await other.page.getByRole('link', { name: 'Groups', exact: true }).click();
    await other.page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await other.page.context().close();
    await page.context().close();
  });

  it('enrol a second factor by a code to scan, and change the password', async () => {
    const { page, faults } = await enter('viewer', 'settings?tab=second-factor');
    await page.getByLabel('Your password').fill(secret);
    await page.getByRole('button', { name: 'Set it up' }).click();
    await page.getByRole('img', { name: 'Code to scan with your app' }).waitFor();
    const key = await page.locator('.secret code').innerText();
    await assertSound({ page, faults });
    await page.getByLabel('Code of your app').fill('000000');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('alert').first().waitFor();
    await page.getByLabel('Code of your app').fill(totpCode(fromBase32(key), stepAt(new Date())));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
    expect(await page.locator('.codes li').count()).toBeGreaterThan(5);
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('Your second factor is on').waitFor();
    await page.getByRole('link', { name: 'Profile' }).click();
    await page.getByLabel('Present password').fill('wrong');
    await page.getByLabel('New password').fill('a completely new passphrase');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByRole('alert').first().waitFor();
    await page.getByLabel('Present password').fill(secret);
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByRole('status').filter({ hasText: 'Password changed' }).waitFor();
    await page.context().close();
  });

  it('add a passkey, which then proves who its owner is', async () => {
    const url = world.urls[0]!.replace('127.0.0.1', 'localhost');
    const { page, faults } = await signIn(
      browser,
      { url, username: 'bob', password: secret },
      '/t/main/settings?tab=passkeys',
    );
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name').fill('Laptop');
    await page.getByLabel('Your password').fill(secret);
    await assertSound({ page, faults });
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('status').filter({ hasText: 'Passkey added' }).waitFor();
    await page.getByText('Laptop').waitFor();
    const configure = call('setPolicyConfiguration', 'policies { name }');
    const rules = [{ resource: 'GROUP', actions: ['CREATE'] }];
    const bob = await world.db.user.findFirstOrThrow({ where: { username: 'bob' } });
    await world.grant(main, bob, ['GROUP:CREATE', 'GROUP:READ']);
    await world.root().ok(configure, { i: { policies: { 'second-factor': { rules } } } });
    await page.goto('/t/main/groups');
    await page.getByRole('button', { name: 'Create a group' }).first().click();
    await page.getByLabel('Name').fill('By a passkey');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const needsProof = page.getByRole('button', { name: 'Use a passkey' });
    const done = page.getByRole('heading', { level: 1, name: 'By a passkey' });
    await needsProof.or(done).waitFor();
    if (await needsProof.isVisible()) await needsProof.click();
    await done.waitFor();
    await world.root().ok(configure, { i: { policies: {} } });
    await world.write((tx) => tx.passkey.deleteMany());
    await page.context().close();
  });

  it('create a tenant, a user in it, and a worker group, as a super admin', async () => {
    const { page, faults } = await enter('chief', 'tenants');
    await page.getByRole('button', { name: 'Create a tenant' }).first().click();
    await page.getByLabel('Key').fill('Not a key');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await expect.poll(() => page.getByLabel('Key').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Key').fill('staging');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'staging' }).waitFor();
    await page.getByRole('link', { name: 'Go there' }).click();
    await page.getByRole('link', { name: 'Users', exact: true }).first().click();
    await page.getByRole('button', { name: 'Add a user' }).first().click();
    await page.getByRole('button', { name: 'New in the instance' }).click();
    await page.getByLabel('User name').fill('erin');
    await page.getByLabel('E-mail').fill('erin@people.example');
    await page.getByRole('button', { name: 'Create, and give access' }).click();
    await page.getByRole('heading', { level: 1, name: 'erin' }).waitFor();
    await assertSound({ page, faults: faults.filter((fault) => !/status of 4\d\d/.test(fault)) });
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Create a password link…' }).click();
    await page.getByRole('button', { name: 'Create the link' }).click();
    await page.getByText(/\/auth\/reset-password\?token=/).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Disable…' }).click();
    await page
      .getByRole('dialog')
      .getByText(/accounts? affected/)
      .waitFor();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByText('Disabled', { exact: true }).waitFor();
    await page.goto('/t/main/worker-groups');
    await page.getByRole('button', { name: 'Create a group' }).first().click();
    await page.getByLabel('Key').fill('gpu');
    await page.getByLabel('Tenants').fill('main, staging, later');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('main, staging', { exact: true }).waitFor();
    await page.getByText('later, once a tenant with this key is created').waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await expect.poll(() => page.getByLabel('Otherwise only these tenants').inputValue()).toBe('later, main, staging');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.context().close();
    const viewer = await enter('editor', 'tenants');
    expect(
      await viewer.page.getByRole('button', { name: 'Create a tenant' }).first().getAttribute('aria-disabled'),
    ).toBe('true');
    await viewer.page.context().close();
  });

  it('show a worker when it registers, and its state as it changes', async () => {
    const { page, faults } = await enter('chief', 'workers');
    await page.getByText('No workers yet').waitFor();
    const register = 'mutation($i: RegisterServiceInput!) { registerService(input: $i) { worker { id } } }';
    const startedAt = new Date().toISOString();
    await world.root().ok(register, { i: { serviceId: 'worker-1', type: 'WORKER', startedAt } });
    await page.getByRole('row').filter({ hasText: 'worker-1' }).waitFor();
    const beat = 'mutation($i: HeartbeatInput!) { heartbeat(input: $i) { worker { state } } }';
    await world.root().ok(beat, { i: { serviceId: 'worker-1', state: 'RUNNING', sequence: '1' } });
    await page.getByRole('row').filter({ hasText: 'worker-1' }).getByText('Running').waitFor();
    await assertSound({ page, faults });
    await page.context().close();
  });

  it('add many members to a group with an answer for each, and give the group a role with its dry run', async () => {
    const { page, faults } = await enter('admin', 'groups');
    await page.getByRole('link', { name: 'Data', exact: true }).click();
    await page.getByRole('button', { name: 'Add members' }).click();
    await choose(page, 'User or service account', 'bob');
    await choose(page, 'User or service account', 'ci');
    await page.getByRole('button', { name: 'Add 2 members' }).click();
    await page.getByText('2 of 2 done').waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.getByRole('link', { name: 'bob', exact: true }).waitFor();
    await page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link', { name: 'Roles' }).click();
    await page.getByRole('button', { name: 'Give a role' }).first().click();
    await choose(page, 'Role', 'Data reader');
    await choose(page, 'Where', 'company.data');
    const dialog = page.getByRole('dialog', { name: 'Give Data a role' });
    await dialog.getByText(/accounts? affected/).waitFor();
    expect(await dialog.getByRole('region', { name: 'What this would change' }).innerText()).toMatch(
      /bob[\s\S]*FLOW:READ/,
    );
    await assertSound({ page, faults });
    await dialog.getByRole('button', { name: 'Give the role' }).click();
    await page.getByRole('row').filter({ hasText: 'company.data and below' }).waitFor();
    await page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('button').filter({ hasText: 'group.add-member' }).first().click();
    await page.getByRole('button', { name: 'Undo…' }).first().click();
    await page
      .getByRole('dialog')
      .getByText(/accounts? affected/)
      .waitFor();
    await page.getByRole('button', { name: 'Undo this change' }).click();
    await page.getByRole('status').filter({ hasText: 'Change undone' }).waitFor();
    expect(await world.db.groupMember.count({ where: { group: { name: 'Data' } } })).toBe(1);
    await page.context().close();
  });

  it('show what a person may do by namespace, and why, from each cell', async () => {
    const { page, faults } = await enter(
      'admin',
      `users/${idOf('User', await world.db.user.findFirstOrThrow({ where: { username: 'editor' } }))}?tab=namespaces`,
    );
    await page.getByRole('link', { name: 'Update in company: no. Why?' }).waitFor();
    await assertSound({ page, faults });
    await page.getByRole('link', { name: 'Update in company.data: yes. Why?' }).click();
    await page.getByRole('heading', { name: 'Yes: editor has FLOW:UPDATE in company.data' }).waitFor();
    await page.context().close();
    expect(role.name).toBe('Data reader');
  });
});
