import { describe, expect, it } from 'vitest';
import plugin from '../../plugins/token-age.ts';
import type { Credential } from '../../src/access/actor.ts';
import { type Action, catalog } from '../../src/access/catalog.ts';
import type { Policy } from '../../src/policy/contract.ts';

const host = { groups: () => new Set<string>(), tenants: () => new Set<string>() };
const day = 86_400_000;
const now = new Date('2026-06-01T00:00:00Z');

async function verdict(config: unknown, credential: Credential) {
  const policy = (await plugin.create(plugin.config!.parse(config) as never, host)) as Policy;
  const actor = { kind: 'USER' as const, id: 'u', name: 'u', groups: [], credential, isIn: () => false };
  return policy.evaluate({
    actor,
    action: 'READ' as Action,
    resource: 'GROUP',
    scope: {},
    env: { now, requestId: 'r' },
  });
}
const token = (ageDays: number): Credential => ({
  kind: 'api-token',
  createdAt: new Date(now.getTime() - ageDays * day),
});

describe('token-age', () => {
  it('is asked about every resource there is', () => {
    expect([...plugin.resources].sort()).toEqual(Object.keys(catalog).sort());
  });
  it('refuses older tokens from the very instant, and says until when a younger one is good', async () => {
    expect(await verdict({ maxAgeDays: 30 }, token(30))).toMatchObject({
      effect: 'deny',
      reason: 'the API token is older than 30 days',
    });
    expect(await verdict({ maxAgeDays: 30 }, token(29))).toEqual({
      effect: 'abstain',
      until: new Date(now.getTime() + day),
    });
  });
  it('leaves passwords alone, and everything without a setting', async () => {
    expect(await verdict({ maxAgeDays: 30 }, { kind: 'basic', createdAt: new Date(0) })).toEqual({ effect: 'abstain' });
    expect(await verdict({}, token(9_999))).toEqual({ effect: 'abstain' });
  });
  it('refuses settings that make no sense', () => {
    for (const bad of [{ maxAgeDays: 0 }, { maxAgeDays: -1 }, { maxAgeDays: '30' }, { maxAge: 30 }])
      expect(plugin.config!.safeParse(bad).success).toBe(false);
  });
});
