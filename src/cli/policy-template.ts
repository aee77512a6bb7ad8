/** In the project's own folder, or in an external one that imports the package. */
export type Origin = 'inside' | 'outside';

/** A working policy that refuses nothing without settings. */
export const policyTemplate = (name: string, origin: Origin): string =>
  `import { abstain, allOf, definePolicy, deny, namespaceName, outside, z } from '${
    origin === 'inside' ? '../src/policy/contract.ts' : 'gatehouse/policy'
  }';

/** Purpose of the policy, and its deliberate exceptions. */
export default definePolicy({
  name: '${name}',
  description: 'Refuses changes in closed namespaces and below them.',
  resources: ['NAMESPACE'],
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  config: z.strictObject({
    /** Without settings it refuses nothing. */
    closed: z.array(namespaceName).default([]),
  }),
  create: ({ closed }) => ({
    /** Decides about a resource, never about a record: the result is a filter of the exempt rows. */
    evaluate({ actor }) {
      if (closed.length === 0 || actor.kind === 'SERVICE_ACCOUNT') return abstain();
      return deny('the namespace is closed', allOf(closed.map((namespace) => outside(namespace))));
    },
  }),
});
`;

/** With the project's test runner inside, with Node's outside, where nothing is installed. */
export const testTemplate = (name: string, origin: Origin): string =>
  origin === 'inside'
    ? `import { describe, expect, it } from 'vitest';
import plugin from '../../plugins/${name}.ts';
import { accepts, prepared } from '../../src/policy/testing.ts';

describe('${name}', () => {
  it('refuses changes in closed namespaces and below them', async () => {
    const { leaves } = await prepared(plugin, { closed: ['company.archive'] });
    expect(leaves({}, { namespace: 'company.archive' })).toBe(false);
    expect(leaves({}, { namespace: 'company.archive.2025' })).toBe(false);
    expect(leaves({}, { namespace: 'company.archive-2025' })).toBe(true);
    expect(leaves({ kind: 'SERVICE_ACCOUNT' }, { namespace: 'company.archive' })).toBe(true);
  });

  it('refuses nothing without settings', async () => {
    const { verdict } = await prepared(plugin, {});
    expect(verdict({})).toEqual({ effect: 'abstain' });
  });

  it('refuses invalid settings', () => {
    expect(accepts(plugin, { closed: ['Not a namespace'] })).toBe(false);
    expect(accepts(plugin, { close: ['company'] })).toBe(false);
  });
});
`
    : `import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accepts, prepared } from 'gatehouse/policy-testing';
import plugin from './${name}.ts';

it('refuses changes in closed namespaces and below them', async () => {
  const { leaves } = await prepared(plugin, { closed: ['company.archive'] });
  assert.equal(leaves({}, { namespace: 'company.archive' }), false);
  assert.equal(leaves({}, { namespace: 'company.archive.2025' }), false);
  assert.equal(leaves({}, { namespace: 'company.archive-2025' }), true);
  assert.equal(leaves({ kind: 'SERVICE_ACCOUNT' }, { namespace: 'company.archive' }), true);
});

it('refuses nothing without settings', async () => {
  const { verdict } = await prepared(plugin, {});
  assert.deepEqual(verdict({}), { effect: 'abstain' });
});

it('refuses invalid settings', () => {
  assert.equal(accepts(plugin, { closed: ['Not a namespace'] }), false);
  assert.equal(accepts(plugin, { close: ['company'] }), false);
});
`;
