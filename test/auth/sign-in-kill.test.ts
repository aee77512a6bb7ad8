import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../server/tools.ts';
import { Browser } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startGateway } from '../support/gateway-process.ts';
import { OddProviders } from '../support/odd-provider.ts';
import { World } from '../support/world.ts';

// 40 kills in the long form, or 2: one while the provider answers, the others while the gateway writes.
const kills = process.env['SOAK'] === '1' ? 40 : 2;

describe('kill -9 of a gateway in the middle of a callback', () => {
  const folder = temporaryFolder('sign-in-kill');
  let world: World;
  let providers: OddProviders;
  beforeAll(async () => {
    [world, providers] = await Promise.all([World.create(), OddProviders.start()]);
    const main = await world.tenant('main');
    await world.group(main, 'Data');
    const group = { claim: 'groups', value: 'data', tenant: 'main', group: 'Data' };
    const odd = {
      name: 'odd',
      issuer: providers.issuer('odd'),
      clientId: 'gatehouse',
      createUsers: true,
      groups: [group],
    };
    writeFileSync(join(folder, 'sso.yaml'), JSON.stringify({ signIn: { providers: [odd] } }));
  });
  afterAll(async () => {
    await providers.close();
    await world.close();
    rmSync(folder, { recursive: true });
  });

  it(`leaves nothing half-made, and the sign-in can be begun again, ${kills} times`, async () => {
    const odd = providers.of('odd');
    const start = () => startGateway(world, { GATEHOUSE_CONFIG: join(folder, 'sso.yaml') });
    let gateway = await start();
    const gate = () => gateway.url.replace('127.0.0.1', 'localhost');
    /** Begins a sign-in. @returns the address to which the provider sends the browser back. */
    async function begin(browser: Browser, name: string): Promise<string> {
      const { headers } = await browser.request(`${gate()}/auth/oidc/odd?next=/auth/providers`);
      const asked = new URL(headers.get('location')!).searchParams;
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        iss: providers.issuer('odd'),
        sub: name,
        aud: 'gatehouse',
        nonce: asked.get('nonce')!,
        iat: now,
      };
      const code = `${name} ${asked.get('state')}`;
      odd.codes.set(code, { ...claims, exp: now + 60, preferred_username: name, groups: ['data'] });
      const query = new URLSearchParams({ code, state: asked.get('state')!, iss: providers.issuer('odd') });
      return `${gate()}/auth/oidc/odd/callback?${query}`;
    }
    for (let kill = 0; kill < kills; kill += 1) {
      const name = `person${kill}`;
      const browser = new Browser();
      const callback = await begin(browser, name);
      let asked = false;
      odd.token = async (claims) => {
        asked = true;
        if (kill === 0) await sleep(60_000, undefined, { ref: false });
        return providers.sign('odd', claims);
      };
      const answer = browser.request(callback).catch(() => undefined);
      await until('the provider is asked', () => asked);
      if (kill > 0) await sleep(Math.random() * 60);
      await gateway.program.kill();
      await answer;
      delete odd.token;
      const user = await world.db.user.findFirst({ where: { username: name }, include: { identities: true } });
      const sessions = await world.db.session.findMany({ where: { principal: { user: { username: name } } } });
      const members = await world.db.groupMember.count({ where: { principalId: user?.id ?? '' } });
      // A user has their identity, and a session the groups and the event with which it began.
      expect(user ? user.identities.length : 1).toBe(1);
      expect(members).toBe(sessions.length);
      const resourceId = { in: sessions.map(({ id }) => id) };
      expect(await world.db.auditEvent.count({ where: { action: 'session.login', resourceId } })).toBe(sessions.length);
      gateway = await start();
      // The browser goes back, and begins again. The callback itself was used.
      const again = await browser.request(callback.replace(/^http:\/\/[^/]+/, gate()));
      expect(again.status).toBeGreaterThanOrEqual(400);
      const done = await browser.visit(await begin(browser, name));
      expect([done.status, done.url]).toEqual([200, `${gate()}/auth/providers`]);
      const { id } = await world.db.user.findFirstOrThrow({ where: { username: name } });
      expect(await world.db.groupMember.count({ where: { principalId: id } })).toBe(1);
    }
    await gateway.program.kill('SIGTERM');
  });
});
