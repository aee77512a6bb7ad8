import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimed, isJwt } from '../../src/auth/workload/jwt.ts';
import { matchesSubject, subjectFault } from '../../src/auth/workload/subject.ts';
import type { ServiceAccount, Tenant } from '../../src/db/generated/client.ts';
import { until } from '../server/tools.ts';
import { call } from '../support/call.ts';
import { newKey, OddProviders } from '../support/odd-provider.ts';
import { signInWith } from '../support/providers.ts';
import { ScimClient } from '../support/scim.ts';
import { idOf, World } from '../support/world.ts';
import { statements, who } from './tools.ts';

const audience = 'https://gatehouse.example';
const subject = 'repo:company/flows:ref:refs/heads/main';
const add = call('addWorkloadTrust', 'trust { issuer audience subject }');
const remove = call('removeWorkloadTrust', 'serviceAccountId');

describe('a token of a workload', () => {
  let world: World;
  let main: Tenant;
  let account: ServiceAccount;
  let issuers: OddProviders;
  let ci: string;
  const refused = ['UNAUTHENTICATED'];
  beforeAll(async () => {
    issuers = await OddProviders.start();
    ci = issuers.issuer('ci');
    world = await World.create({
      gateways: 2,
      config: {
        signIn: { ...signInWith([], 500), workloadIssuers: ['ci', 'slow', 'down', 'rotating'].map(issuers.issuer) },
      },
    });
    main = await world.tenant('main');
    account = await world.account(main, 'ci');
    await world.grant(main, account, ['FLOW:READ', 'TENANT_ACCESS:READ', 'AUDITLOG:READ']);
    await trust({ subject });
  });
  afterAll(async () => {
    await world.close();
    await issuers.close();
  });

  const ofCi = (more: object) => ({ id: idOf('ServiceAccount', account), issuer: ci, audience, subject, ...more });
  const trust = (more: object, client = world.root()) => client.codes(add, { i: ofCi(more) });
  const claims = (more: JWTPayload = {}): JWTPayload => {
    const now = Math.floor(Date.now() / 1_000);
    return { iss: ci, aud: audience, sub: subject, iat: now, exp: now + 300, ...more };
  };
  const token = (more?: JWTPayload, name = 'ci', typ?: string) => issuers.sign(name, claims(more), typ);
  const codesOf = (text: string, gateway = 0) => world.bearer(text, gateway).codes(who);

  it('signs in as the service account that trusts it, over GraphQL and SCIM', async () => {
    const client = world.bearer(await token());
    const { viewer, tenant } = await client.ok<any>('{ viewer { name credential } tenant(key: "main") { key } }');
    expect([viewer.name, viewer.credential, tenant.key]).toEqual(['ci', 'WORKLOAD', 'main']);
    expect(await codesOf(await token(), 1)).toEqual([]);
    expect(await codesOf(await token({ aud: ['other', audience] }))).toEqual([]);
    expect(await codesOf(await token({}, 'ci', 'at+jwt'))).toEqual([]);
    const scim = new ScimClient(world.urls[0]!, 'main', await token());
    expect((await scim.get('/Users')).status).toBe(200);
    const shown = await world
      .root()
      .ok<any>('query($id: ID!) { node(id: $id) { ... on ServiceAccount { trusts { issuer audience subject } } } }', {
        id: idOf('ServiceAccount', account),
      });
    expect(shown.node.trusts).toEqual([{ issuer: ci, audience, subject }]);
    expect(await world.db.auditEvent.findFirst({ where: { action: 'service-account.add-trust' } })).toMatchObject({
      resource: 'SERVICE_ACCOUNT',
      resourceKey: 'ci',
      patch: [{ op: 'add', path: '/trusts/-', value: { issuer: ci, audience, subject } }],
    });
  });

  it('is refused with a wrong audience, issuer, subject, key, type, algorithm or time', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const foreign = await newKey('first');
    const hmac = new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(new Uint8Array(32));
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = `${part({ alg: 'none' })}.${part(claims())}.`;
    const good = await token();
    const [head, body, signature] = good.split('.') as [string, string, string];
    const table: Record<string, string> = {
      audience: await token({ aud: 'https://other.example' }),
      'no audience': await token({ aud: undefined as never }),
      'another issuer': await token({ iss: issuers.issuer('other') }),
      'the issuer with a slash': await token({ iss: `${ci}/` }),
      subject: await token({ sub: 'repo:company/flows:ref:refs/heads/other' }),
      'a longer subject': await token({ sub: `${subject}:more` }),
      'a key of another': await new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', kid: 'first' })
        .sign(foreign.privateKey),
      'an unknown key': await new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', kid: 'x' })
        .sign(foreign.privateKey),
      expired: await token({ iat: now - 500, exp: now - 100 }),
      'not yet valid': await token({ nbf: now + 200 }),
      'of the future': await token({ iat: now + 200, exp: now + 400 }),
      'without an expiry': await token({ exp: undefined as never }),
      'without a time': await token({ iat: undefined as never }),
      'valid for too long': await token({ exp: now + 90_000 }),
      'a logout token': await token({}, 'ci', 'logout+jwt'),
      'alg HS256': await hmac,
      'alg none': none,
      'alg none with a signature': `${none}${signature}`,
      'changed claims': `${head}.${part(claims({ extra: 1 }))}.${signature}`,
      'a changed signature': `${head}.${body}.${signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`,
    };
    for (const [what, text] of Object.entries(table)) expect([what, await codesOf(text)]).toEqual([what, refused]);
    // The control, and clocks that differ by less than a minute.
    for (const text of [
      good,
      await token({ iat: now + 30, nbf: now + 30 }),
      await token({ iat: now - 200, exp: now - 30 }),
    ])
      expect(await codesOf(text)).toEqual([]);
  });

  it('costs neither a query nor a request if it is garbage or of an issuer that the operator does not list', async () => {
    const other = issuers.of('unlisted');
    const texts = ['a.b.c', `${'x'.repeat(9_000)}.y.z`, await token({ iss: issuers.issuer('unlisted') }, 'unlisted')];
    const sent = await statements(async () => {
      for (const text of texts) expect(await codesOf(text)).toEqual(refused);
    });
    expect(sent.filter((text) => /WorkloadTrust|ApiToken/.test(text))).toEqual([]);
    expect(other.lookUps).toBe(0);
    const { lookUps } = issuers.of('ci');
    for (let i = 0; i < 20; i += 1) expect(await codesOf(await token({ sub: `other ${i}` }))).toEqual(refused);
    expect(issuers.of('ci').lookUps).toBe(lookUps);
    expect(isJwt('gth_0123456789')).toBe(false);
    const started = performance.now();
    for (let i = 0; i < 10_000; i += 1) claimed('eyJhbGciOiJub25lIn0.e30.x', new Date());
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('follows the keys of the issuer, and looks them up once for many tokens', async () => {
    const odd = issuers.of('rotating');
    const issuer = issuers.issuer('rotating');
    expect(await trust({ issuer })).toEqual([]);
    const signed = () => token({ iss: issuer }, 'rotating');
    const texts = await Promise.all(Array.from({ length: 20 }, signed));
    await Promise.all(texts.map(async (text) => expect(await codesOf(text)).toEqual([])));
    expect(odd.lookUps).toBe(1);
    const old = await signed();
    const next = await newKey('next');
    odd.keys = [next];
    odd.signing = next;
    try {
      // Keys are looked up again for an unknown one, but not more often than every five seconds.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
      expect(await codesOf(await signed())).toEqual([]);
      expect(await codesOf(old)).toEqual(refused);
      expect(odd.lookUps).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not wait for an issuer that is slow or down, which is UNAVAILABLE for its own tokens only', async () => {
    for (const name of ['slow', 'down']) {
      const issuer = issuers.issuer(name);
      expect(await trust({ issuer })).toEqual([]);
      issuers.of(name).answer = (response) => {
        if (name === 'down') response.writeHead(500).end();
      };
      const waiting = codesOf(await token({ iss: issuer }, name));
      const started = performance.now();
      expect(await codesOf(await token())).toEqual([]);
      expect(performance.now() - started).toBeLessThan(400);
      expect(await waiting).toEqual(['UNAVAILABLE']);
    }
  });

  it('stops at once when the trust is removed, its streams too, on every gateway', async () => {
    await trust({ audience: 'streams' });
    const text = await token({ aud: 'streams' });
    const ends: string[] = [];
    for (const gateway of [0, 1]) {
      const socket = world.bearer(text, gateway).socket();
      const done = (what: string) => void ends.push(what);
      socket.subscribe(
        { query: 'subscription { auditEvents(tenantKey: "main") { event { id } } }' },
        { next: ({ errors }) => errors && done('error'), error: () => done('end'), complete: () => done('end') },
      );
    }
    expect([await codesOf(text, 0), await codesOf(text, 1)]).toEqual([[], []]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(ends).toEqual([]);
    expect(await world.root().codes(remove, { i: ofCi({ audience: 'streams' }) })).toEqual([]);
    expect(await codesOf(text)).toEqual(refused);
    await until('both streams end', () => ends.includes('end') && ends.length >= 2, 4_000);
    expect(await codesOf(text, 1)).toEqual(refused);
  });

  it('has no more permissions than the caller who added the trust, and cannot create what outlives it', async () => {
    const other = await world.account(main, 'limited');
    await world.grant(main, other, ['FLOW:READ']);
    const adder = await world.user('adder', [main]);
    await world.grant(main, adder, ['API_TOKEN:CREATE', 'FLOW:READ', 'SERVICE_ACCOUNT:READ']);
    const client = await world.as(adder);
    const own = { id: idOf('ServiceAccount', other), audience: 'limited' };
    expect(await trust(own, client)).toEqual([]);
    // What the account is granted later does not count for this trust.
    await world.grant(main, other, ['GROUP:READ', 'API_TOKEN:CREATE']);
    const workload = world.bearer(await token({ aud: 'limited' }));
    expect(await workload.codes('{ tenant(key: "main") { flows { nodes { id } } } }')).toEqual([]);
    expect(await workload.codes('{ tenant(key: "main") { groups { nodes { id } } } }')).toEqual(['FORBIDDEN']);
    // The adder cannot act as an account that holds more.
    expect(await trust({ ...own, audience: 'more' }, client)).toEqual(['FORBIDDEN']);
    const strong = await world.account(main, 'strong');
    await world.grant(main, strong, ['API_TOKEN:CREATE', 'SERVICE_ACCOUNT:READ']);
    await world.root().codes(add, { i: ofCi({ id: idOf('ServiceAccount', strong), audience: 'strong' }) });
    const expiring = world.bearer(await token({ aud: 'strong' }));
    const mint = call('createApiToken', 'fullToken');
    expect(await expiring.codes(mint, { i: { owner: idOf('ServiceAccount', strong), name: 'x' } })).toEqual([
      'FORBIDDEN',
    ]);
    expect(await trust({ id: idOf('ServiceAccount', strong), audience: 'x' }, expiring)).toEqual(['FORBIDDEN']);
  });

  it('is trusted by one account only, for issuers and subjects that make sense', async () => {
    const other = await world.account(main, 'second');
    const id = idOf('ServiceAccount', other);
    expect(await trust({ id })).toEqual(['CONFLICT']);
    expect(await trust({})).toEqual(['CONFLICT']);
    expect(await trust({ id, audience: 'second' })).toEqual([]);
    // A token for both accounts signs in as neither.
    expect(await codesOf(await token({ aud: [audience, 'second'] }))).toEqual(refused);
    for (const bad of [
      { issuer: issuers.issuer('unlisted') },
      { subject: '*' },
      { subject: '' },
      { subject: 'a:**' },
      { audience: '' },
    ])
      expect([bad, await trust({ id, audience: 'third', ...bad })]).toEqual([bad, ['BAD_INPUT']]);
    expect(await world.root().codes(call('deleteServiceAccount', 'deletedId'), { i: { id } })).toEqual([]);
    expect(await codesOf(await token({ aud: 'second' }))).toEqual(refused);
    expect(await world.db.workloadTrust.count({ where: { serviceAccountId: other.id } })).toBe(0);
  });

  it('loses its trusts when the account becomes a super admin', async () => {
    const other = await world.account(null, 'rising');
    const id = idOf('ServiceAccount', other);
    expect(await trust({ id, audience: 'rising' })).toEqual([]);
    expect(await codesOf(await token({ aud: 'rising' }))).toEqual([]);
    await world.root().ok(call('setSuperAdmin', 'subject { id }'), { i: { subject: id, superAdmin: true } });
    expect(await codesOf(await token({ aud: 'rising' }))).toEqual(refused);
  });

  it('covers subjects by exact parts and by one * in a part, which never covers / or :', () => {
    const table: [string, string, boolean][] = [
      [subject, subject, true],
      ['repo:company/*:ref:refs/heads/main', subject, true],
      ['repo:company/*:ref:refs/heads/*', subject, true],
      ['repo:company/fl*s:ref:refs/heads/main', subject, true],
      ['repo:company/*:*', subject, false],
      ['repo:*:ref:refs/heads/main', subject, false],
      ['repo:company/flows:ref:refs/heads/*', 'repo:company/flows:ref:refs/heads/feature/x', false],
      ['repo:company/flows:*', 'repo:company/flows:', false],
      ['a:x*y', 'a:xy', false],
      ['a:x*x', 'a:x', false],
      ['a:.*', 'a:bc', false],
    ];
    for (const [pattern, text, expected] of table)
      expect([pattern, text, matchesSubject(pattern, text)]).toEqual([pattern, text, expected]);
    expect(subjectFault('repo:company/*')).toBeUndefined();
    for (const bad of ['*', 're*:x', 'a:**', 'a:b*c*d', '', 'x'.repeat(256), 'a\0'])
      expect([bad, subjectFault(bad)]).toEqual([bad, expect.any(String)]);
  });
});
