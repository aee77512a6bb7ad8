import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/call.ts';
import { idOf, World } from '../support/world.ts';
import { accessFaults, openBrowser, sizes } from './browser.ts';

const secret = 'a phrase that this person knows';

describe('the pages below /auth/, in Chromium', () => {
  let world: World;
  let browser: Browser;
  let next = 0;
  beforeAll(async () => {
    [world, browser] = await Promise.all([World.create(), openBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  /** Passkeys work on localhost, and not on 127.0.0.1. */
  const origin = () => world.app.services.links.origin!;
  const person = () => world.user(`person${next++}`, [], { password: secret });

  interface Opened {
    readonly page: Page;
    readonly devtools: CDPSession;
    readonly authenticatorId: string;
    readonly faults: string[];
  }
  /** Opens a page of a browser with an authenticator, which agrees to everything. */
  async function open(isUserVerified = true): Promise<Opened> {
    const context = await browser.newContext({ viewport: sizes.desk, baseURL: origin() });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified,
        automaticPresenceSimulation: true,
      },
    });
    return { page, devtools, authenticatorId, faults };
  }

  const signIn = async (page: Page, username: string) => {
    await page.goto('/auth/sign-in?next=/auth/providers');
    await page.getByLabel('User name').fill(username);
    await page.getByLabel('Password').fill(secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  const arrived = (page: Page) => page.waitForURL(({ pathname }) => pathname === '/auth/providers');

  /** Enrols a passkey as a frontend does, by the API. */
  const enrol = (page: Page): Promise<string[]> =>
    page.evaluate(
      async ({ begin, create, password }) => {
        const ask = async (query: string, i: object) => {
          const response = await fetch('/graphql', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ query, variables: { i } }),
          });
          const { data, errors } = await response.json();
          if (errors) throw new Error(errors[0].message);
          return data;
        };
        const { options } = (await ask(begin, { currentPassword: password })).beginPasskey;
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
        const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
        const { user } = (await ask(create, { name: 'This device', response: made.toJSON() })).createPasskey;
        return user.passkeys.map(({ name }: { name: string }) => name);
      },
      {
        begin: call('beginPasskey', 'options'),
        create: call('createPasskey', 'user { passkeys { name } }'),
        password: secret,
      },
    );

  it('enrol a passkey, ask for it after the password, and sign in with it alone', async () => {
    const user = await person();
    const { page, faults } = await open();
    await signIn(page, user.username);
    await arrived(page);
    expect(await enrol(page)).toEqual(['This device']);
    await page.context().clearCookies();

    await signIn(page, user.username);
    await page.getByRole('heading', { name: 'Second factor' }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await arrived(page);
    await page.context().clearCookies();

    await page.goto('/auth/sign-in?next=/auth/providers');
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await arrived(page);
    const methods = await world.db.session.findMany({ where: { principalId: user.id }, orderBy: { id: 'asc' } });
    expect(methods.map(({ method, secondFactor }) => [method, secondFactor])).toEqual([
      ['PASSWORD', 'PASSKEY'],
      ['PASSWORD', 'PASSKEY'],
      ['PASSKEY', 'PASSKEY'],
    ]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('say why a passkey was not used, and keep the other ways', async () => {
    const user = await person();
    const { page, devtools, authenticatorId, faults } = await open();
    await signIn(page, user.username);
    await arrived(page);
    await enrol(page);
    await page.context().clearCookies();
    await page.goto('/auth/sign-in');
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('alert').getByText('was not used').waitFor();
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await devtools.send('WebAuthn.clearCredentials', { authenticatorId });
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('alert').getByText('was not used').waitFor();
    expect(await page.getByLabel('Password').isVisible()).toBe(true);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('work without scripts: a password alone shows no passkeys', async () => {
    const user = await person();
    const context = await browser.newContext({ javaScriptEnabled: false, baseURL: origin() });
    const page = await context.newPage();
    await page.goto('/auth/sign-in');
    expect(await page.getByRole('button', { name: 'Use a passkey' }).isVisible()).toBe(false);
    await signIn(page, user.username);
    await arrived(page);
    await context.close();
  });

  it('set up a required second factor: a passkey, or an app with a QR code', async () => {
    const tenant = await world.tenant('strict');
    const update = call('updateTenant', 'tenant { id }');
    await world.root().ok(update, { i: { id: idOf('Tenant', tenant), requireSecondFactor: true } });
    const [one, other] = [
      await world.user(`person${next++}`, [tenant], { password: secret }),
      await world.user(`person${next++}`, [tenant], { password: secret }),
    ];
    const { page, faults } = await open();
    await signIn(page, one.username);
    await page.getByRole('button', { name: 'Create a passkey' }).click();
    await arrived(page);
    expect((await world.db.passkey.findMany({ where: { userId: one.id } })).map(({ name }) => name)).toEqual([
      'Passkey',
    ]);
    await page.context().clearCookies();
    await signIn(page, other.username);
    await page.getByRole('button', { name: 'Use an authenticator app' }).click();
    await page.locator('figure svg').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['desk', 'light'],
    ['phone', 'dark'],
  ] as const)('have no barriers and do not scroll sideways: on a %s, %s', async (size, colorScheme) => {
    const user = await person();
    const context = await browser.newContext({ viewport: sizes[size], colorScheme, baseURL: origin() });
    const page = await context.newPage();
    const asked = {
      port: '4242',
      challenge: 'x'.repeat(43),
      state: 'x'.repeat(22),
      client: 'build-server.company.example',
    };
    await signIn(page, user.username);
    await arrived(page);
    const { createPasswordLink } = await world
      .root()
      .ok<any>(call('createPasswordLink', 'link'), { i: { id: idOf('User', user) } });
    for (const path of [
      '/auth/sign-in',
      '/auth/device',
      `/auth/cli?${new URLSearchParams(asked)}`,
      '/auth/cli',
      createPasswordLink.link,
      '/auth/reset-password',
      '/auth/start',
    ]) {
      await page.goto(path);
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      expect([path, await accessFaults(page), isWide]).toEqual([path, [], false]);
    }
    await context.close();
  });
});
