import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../support/world.ts';
import { raw } from './tools.ts';

describe('the console', () => {
  let world: World;
  let without: World;
  beforeAll(async () => {
    world = await World.create();
    without = await World.create({ config: { console: false } });
  });
  afterAll(() => Promise.all([world.close(), without.close()]));

  const get = (path: string, headers: Record<string, string> = {}, to = world) =>
    raw(`${to.urls[0]}${path}`, { method: 'GET', headers });

  it('has one page for all its paths, with a new nonce each time', async () => {
    const pages = await Promise.all(['/', '/t/main', '/t/main/users?text=x'].map((path) => get(path)));
    for (const { status, headers, text } of pages) {
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-store',
      ]);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toContain('unsafe');
      const [, nonce] = /nonce-([\w-]{22})'/.exec(policy)!;
      expect(text).toContain(`<meta property="csp-nonce" nonce="${nonce}" />`);
      expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=/);
    }
    expect(new Set(pages.map(({ headers }) => headers['content-security-policy'])).size).toBe(3);
  });

  it('has files that browsers keep, compressed by the build', async () => {
    const { text } = await get('/');
    const [script = ''] = /\/assets\/[\w.-]+\.js/.exec(text)!;
    const plain = await get(script);
    const packed = await get(script, { 'accept-encoding': 'br' });
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
    expect(packed.headers['content-encoding']).toBe('br');
    expect(Number(packed.headers['content-length'])).toBeLessThan(200_000);
    expect(Number(packed.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']) / 3);
  });

  it('has an icon, also for pages that name none', async () => {
    const { status, headers, text } = await get('/favicon.ico');
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml']);
    expect(headers['cache-control']).toBe('public, max-age=86400');
    expect(text).toContain('<svg');
  });

  it.each([
    '/assets/',
    '/assets/..%2findex.html',
    '/assets/../../../package.json',
    '/assets/none.js',
    '/t',
    '/index.html',
  ])('has no other files: %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it('is read only', async () => {
    const { status, headers } = await raw(`${world.urls[0]}/`, { method: 'POST', body: 'x' });
    expect([status, headers['allow']]).toEqual([405, 'GET, OPTIONS']);
  });

  it('may use the API of its gateway, also if other origins are listed', async () => {
    const listed = await World.create({ config: { graphiql: false, origins: ['https://app.example'] } });
    const ask = async (origin: string) =>
      (
        await raw(`${listed.urls[0]}/graphql`, {
          headers: { 'content-type': 'application/json', origin },
          body: '{"query":"{ __typename }"}',
        })
      ).status;
    expect(await ask(listed.urls[0]!)).toBe(200);
    expect(await ask('https://evil.example')).toBe(403);
    await listed.close();
  });

  it('is not served if it is switched off', async () => {
    expect((await get('/', {}, without)).headers.location).toBe('/graphql');
    expect((await get('/t/main', {}, without)).status).toBe(404);
  });
});
