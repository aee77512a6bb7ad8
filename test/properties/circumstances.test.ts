import '../../src/resources/index.ts';
import { describe, expect, it } from 'vitest';
import type { Where } from '../../src/access/where.ts';
import type { Given } from '../../src/policy/answer/circumstances.ts';
import { explain } from '../../src/policy/answer/explain.ts';
import type { Verdict } from '../../src/policy/contract.ts';
import { matches } from '../../src/policy/filter/portable.ts';
import type { LoadedPolicy } from '../../src/policy/load/load.ts';
import { Chance, engineOf, filter, holdings, policy, principal, rows, tenantIds } from './generate.ts';

const addresses = ['10.0.0.1', '10.0.0.2', '192.0.2.1'];
const permission = 'AUDITLOG:READ';
const now = new Date('2026-06-01T00:00:00Z');

/** Creates a policy that depends on the address, or that ignores it. */
function byAddress(chance: Chance, name: string, mode: 'guard' | 'grant'): LoadedPolicy {
  const verdict = (): Verdict => {
    if (chance.coin(0.4)) return { effect: 'abstain' };
    const all = chance.coin(0.4);
    if (mode === 'guard')
      return all
        ? { effect: 'deny', reason: 'all' }
        : { effect: 'deny', reason: 'some', unless: filter(chance, 1) as never };
    return all
      ? { effect: 'allow', reason: 'all' }
      : { effect: 'allow', reason: 'some', when: filter(chance, 1) as never };
  };
  const looks = chance.coin(0.6);
  const answers = new Map([...addresses, undefined].map((ip) => [ip, verdict()]));
  const one = verdict();
  return {
    ...policy(name, mode, () => one),
    policy: { evaluate: ({ env }) => (looks ? answers.get(env.ip)! : one) },
  };
}

describe('explain with unknown circumstances', () => {
  it('is certain without the address only if every address gives the same answer', () => {
    const chance = new Chance(Number(process.env['SEED'] ?? 17));
    const all = rows(chance, 40);
    const seen = { ALLOWED: 0, REFUSED: 0, DEPENDS: 0, ERROR: 0 };
    let wrong = 0;
    for (let i = 0; i < 6_000; i += 1) {
      const policies = [
        ...Array.from({ length: chance.below(3) }, (_, n) => byAddress(chance, `guard-${n}`, 'guard')),
        ...Array.from({ length: chance.below(3) }, (_, n) => byAddress(chance, `grant-${n}`, 'grant')),
      ];
      const engine = engineOf(policies);
      const who = principal({ holdings: holdings(chance, permission, 3) });
      const tenantId = chance.pick(tenantIds);
      const row = chance.coin() ? chance.pick(all) : undefined;
      const ask = (given: Given) =>
        explain(engine, { principal: who, given, permission, scope: { tenantId }, ...(row && { row }) });
      const open = ask({ now });
      const known = addresses.map((ip) => ask({ now, ip }));
      // With the address, the answer is the engine's.
      for (const { answer, decision } of known) {
        const { outcome } = decision;
        const allowed =
          outcome.effect === 'allow' && (!row || outcome.where === undefined || matches(outcome.where as Where, row));
        expect(answer).toBe(allowed ? 'ALLOWED' : 'REFUSED');
      }
      seen[open.answer] += 1;
      const answers = new Set(known.map(({ answer }) => answer));
      if (open.answer === 'DEPENDS') expect([...open.dependsOn]).toEqual(['ip']);
      else expect([...answers]).toEqual([open.answer]);
      // Control: without the address, the engine alone is wrong for some questions.
      const { outcome } = open.decision;
      const naive = outcome.effect === 'allow' && (!row || outcome.where === undefined || matches(outcome.where, row));
      if (!answers.has(naive ? 'ALLOWED' : 'REFUSED')) wrong += 1;
    }
    console.log(`circumstances: ${JSON.stringify(seen)}, wrong from the engine alone: ${wrong}`);
    for (const answer of ['ALLOWED', 'REFUSED', 'DEPENDS'] as const) expect(seen[answer]).toBeGreaterThan(300);
    expect(wrong).toBeGreaterThan(50);
  });

  it('treats each field of a token as known or unknown on its own', () => {
    const age = {
      ...policy('age', 'guard', () => ({ effect: 'abstain' })),
      policy: {
        evaluate: ({
          actor: { credential },
        }: {
          actor: { credential: { kind: string; createdAt?: Date } };
        }): Verdict =>
          credential.kind === 'api-token' && credential.createdAt && credential.createdAt < now
            ? { effect: 'deny', reason: 'old' }
            : { effect: 'abstain' },
      },
    } as LoadedPolicy;
    const ask = (credential?: Given['credential']) =>
      explain(engineOf([age]), {
        principal: principal({ superAdmin: true }),
        given: { now, ...(credential && { credential }) },
        permission,
        scope: { tenantId: 't1' },
      }).answer;
    expect(ask()).toBe('DEPENDS');
    expect(ask({ kind: 'api-token' })).toBe('DEPENDS');
    expect(ask({ kind: 'basic' })).toBe('ALLOWED');
    expect(ask({ kind: 'api-token', createdAt: now })).toBe('ALLOWED');
    expect(ask({ kind: 'api-token', createdAt: new Date(0) })).toBe('REFUSED');
  });
});
