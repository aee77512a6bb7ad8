import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../support/world.ts';

describe('text that PostgreSQL cannot hold', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    await world.tenant('main');
  });
  afterAll(() => world.close());

  const nul = 'a\u0000b';
  it.each([
    ['a key', 'query($t: String!) { tenant(key: $t) { name } }'],
    ['a filter', 'query($t: String!) { users(where: { username: $t }) { totalCount } }'],
    ['a search', 'query($t: String!) { users(where: { text: $t }) { totalCount } }'],
    ['an id', 'query($t: ID!) { node(id: $t) { id } }'],
    ['a new name', 'mutation($t: String!) { createTenant(input: { key: "k", name: $t }) { tenant { key } } }'],
    [
      'a description',
      'mutation($t: String!) { createTenant(input: { key: "d", name: "n", description: $t }) { tenant { key } } }',
    ],
    [
      'a reason',
      'mutation($t: String!) { createTenant(input: { key: "r", name: "n", reason: $t }) { tenant { key } } }',
    ],
    ['a cursor', 'query($t: String!) { users(after: $t) { totalCount } }'],
    ['a literal', '{ users(where: { username: "\\u0000" }) { totalCount } }'],
    [
      'a literal reason',
      'mutation { createTenant(input: { key: "r", name: "n", reason: "\\ud800" }) { tenant { key } } }',
    ],
  ])('causes no internal error in %s', async (_where, query) => {
    for (const t of [nul, '\ud800', Buffer.from(`User:${nul}`).toString('base64')]) {
      const { status, errors } = await world.root().run(query, { t });
      expect(status).toBeLessThan(500);
      for (const { extensions } of errors) expect(extensions.code).toMatch(/BAD_INPUT|NOT_FOUND|CONFLICT/);
    }
    expect(world.log).toEqual([]);
  });
});
