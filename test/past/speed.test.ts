import { afterAll, beforeAll, expect, it } from 'vitest';
import { pastAccess } from '../../src/policy/past/past-access.ts';
import { World } from '../support/world.ts';

const events = 100_000;
let world: World;
beforeAll(async () => {
  world = await World.create();
  world.hasForgedEvents = true;
}, 60_000);
afterAll(() => world.close());

it(`rebuilds access from ${events} events in less than 5 s, while other requests are served`, async () => {
  const tenant = await world.tenant('large');
  const role = await world.role(tenant, 'R', ['FLOW:READ']);
  const people = await Promise.all([...'abcdefgh'].map((name) => world.user(`large-${name}`, [tenant])));
  // Bindings that are created and deleted, as record writes them.
  const batch = 5_000;
  for (let i = 0; i < events; i += batch) {
    const written = Array.from({ length: batch }, (_, n) => {
      const turn = Math.floor((i + n) / 2);
      const id = `binding-${turn % 2_000 < 1_000 ? turn : `gone-${turn}`}`;
      const row = { subject: 'user:x', role: 'R', namespace: `n${turn % 500}` };
      const [from, to] = (i + n) % 2 === 0 ? [null, row] : [row, turn % 2_000 < 1_000 ? { ...row, role: 'S' } : null];
      const patch = [{ op: 'replace', path: '', value: to }];
      return {
        id: `${id}-${i + n}`,
        tenantKey: 'large',
        at: new Date().toISOString(),
        type: from === null ? 'CREATE' : 'DELETE',
        action: from === null ? 'binding.create' : 'binding.delete',
        outcome: 'SUCCESS',
        actorKind: 'SYSTEM',
        actorId: 'system',
        actorName: 'system',
        impersonatorId: '',
        impersonatorName: '',
        resource: 'BINDING',
        resourceId: id,
        resourceKey: id,
        namespace: '',
        requestId: 'speed',
        patch,
        patchText: JSON.stringify(patch),
        details: { ids: { principalId: people[turn % people.length]!.id, roleId: role.id } },
        digest: 'speed',
      };
    });
    await world.db.$queryRaw`SELECT audit_append(${tenant.id}, ${JSON.stringify(written)}::jsonb)::text`;
  }
  const at = new Date();
  let slowest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    slowest = Math.max(slowest, performance.now() - last);
    last = performance.now();
  }, 5);
  const begun = performance.now();
  const past = await pastAccess(world.db, tenant.id, at);
  const took = performance.now() - begun;
  clearInterval(timer);
  const holdings = [...past.principals.values()].flatMap((principal) => principal.holdings);
  console.log(
    `folding ${events} events: ${Math.round(took)} ms, the longest pause of others ${Math.round(slowest)} ms`,
  );
  expect(holdings.length).toBe(events / 4);
  expect(took).toBeLessThan(5_000);
}, 120_000);
