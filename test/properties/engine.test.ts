import { describe, expect, it } from 'vitest';
import '../../src/resources/index.ts';
import type { Row } from '../../src/access/grant.ts';
import type { Decision } from '../../src/policy/decide/decision.ts';
import { matches } from '../../src/policy/filter/portable.ts';
import { noLookUps } from '../../src/policy/testing.ts';
import {
  bindingReaches,
  Chance,
  decide,
  engineOf,
  filter,
  grants,
  guards,
  holdings,
  oracle,
  policy,
  principal,
  rows,
  tenantIds,
} from './generate.ts';

const rounds = process.env['SOAK'] === '1' ? 5_000 : 500;
const permission = 'AUDITLOG:READ';
const reach = ({ outcome }: Decision, all: readonly Row[]): Row[] =>
  outcome.effect !== 'allow' ? [] : all.filter((row) => outcome.where === undefined || matches(outcome.where, row));

describe('the engine, on generated policies and rows', () => {
  const chance = new Chance(20_261_121);
  const all = rows(chance, 200);

  it('decides the same in any order of policies and holdings', () => {
    for (let i = 0; i < rounds; i += 1) {
      const set = [...guards(chance), ...grants(chance)].map(({ policy: own }) => own);
      const who = principal({ holdings: holdings(chance, permission) });
      const tenant = chance.pick(tenantIds);
      const one = reach(decide(engineOf(set), who, permission, tenant), all);
      const other = reach(
        decide(
          engineOf([...set].sort(() => chance.next() - 0.5)),
          { ...who, holdings: [...who.holdings].reverse() },
          permission,
          tenant,
        ),
        all,
      );
      expect(other).toEqual(one);
    }
  });

  it('never reaches more rows with one more guard, nor fewer with one more grant', () => {
    for (let i = 0; i < rounds; i += 1) {
      const set = [...guards(chance), ...grants(chance)].map(({ policy: own }) => own);
      const who = principal({ holdings: holdings(chance, permission) });
      const tenant = chance.pick(tenantIds);
      const before = new Set(reach(decide(engineOf(set), who, permission, tenant), all));
      const guard = policy('one-more', 'guard', () => ({
        effect: 'deny',
        reason: 'x',
        unless: filter(chance) as never,
      }));
      for (const row of reach(decide(engineOf([...set, guard]), who, permission, tenant), all))
        expect(before.has(row)).toBe(true);
      const grant = policy('one-more', 'grant', () => ({
        effect: 'allow',
        reason: 'x',
        when: filter(chance) as never,
      }));
      const wider = new Set(reach(decide(engineOf([...set, grant]), who, permission, tenant), all));
      for (const row of before) expect(wider.has(row)).toBe(true);
    }
  });

  it('reaches a row if and only if a grant matches it and no denial covers it', () => {
    let reached = 0;
    for (let i = 0; i < rounds; i += 1) {
      const restricting = guards(chance);
      const giving = grants(chance);
      const who = principal({ holdings: holdings(chance, permission) });
      const tenant = chance.pick(tenantIds);
      const decision = decide(
        engineOf([...restricting, ...giving].map(({ policy: own }) => own)),
        who,
        permission,
        tenant,
      );
      const wanted = all.filter((row) => {
        const given =
          who.holdings.some((holding) => bindingReaches(holding, permission, tenant, row)) ||
          giving.some(
            ({ verdict }) => verdict.effect === 'allow' && (!verdict.when || oracle(verdict.when as never, row)),
          );
        const exempt = restricting.every(
          ({ verdict }) =>
            verdict.effect !== 'deny' || (verdict.unless !== undefined && oracle(verdict.unless as never, row)),
        );
        return given && exempt;
      });
      reached += wanted.length;
      expect(reach(decision, all).map((row) => row['id'])).toEqual(wanted.map((row) => row['id']));
    }
    // The generator must not be so strict that no row is ever reached.
    expect(reached).toBeGreaterThan(rounds);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns nonsense', () => 'yes'],
    ['returns an unknown effect', () => ({ effect: 'maybe' })],
    ['returns a promise', () => Promise.resolve({ effect: 'abstain' })],
    ['is a guard and allows', () => ({ effect: 'allow', reason: 'x' })],
    ['negates', () => ({ effect: 'deny', reason: 'x', unless: { NOT: { namespace: 'a' } } })],
    ['negates a comparison', () => ({ effect: 'deny', reason: 'x', unless: { namespace: { not: 'a' } } })],
    ['excludes a list', () => ({ effect: 'deny', reason: 'x', unless: { namespace: { notIn: ['a'] } } })],
    ['uses LIKE', () => ({ effect: 'deny', reason: 'x', unless: { namespace: { startsWith: 'a_' } } })],
    ['uses contains', () => ({ effect: 'deny', reason: 'x', unless: { namespace: { contains: '%' } } })],
    ['has an undefined value', () => ({ effect: 'deny', reason: 'x', unless: { namespace: undefined } })],
    ['has an undefined operand', () => ({ effect: 'deny', reason: 'x', unless: { namespace: { equals: undefined } } })],
    ['has an undefined filter', () => ({ effect: 'deny', reason: 'x', unless: undefined })],
    ['has an empty filter', () => ({ effect: 'deny', reason: 'x', unless: {} })],
    ['has an empty OR', () => ({ effect: 'deny', reason: 'x', unless: { OR: [] } })],
    [
      'has an empty OR deep inside',
      () => ({ effect: 'deny', reason: 'x', unless: { AND: [{ namespace: 'a' }, { OR: [] }] } }),
    ],
    ['has a range over a nullable column', () => ({ effect: 'deny', reason: 'x', unless: { ip: { lt: 'z' } } })],
    ['names an unknown column', () => ({ effect: 'deny', reason: 'x', unless: { secret: 'a' } })],
    ['names a relation', () => ({ effect: 'deny', reason: 'x', unless: { tenant: { key: 'a' } } })],
    ['compares with a value of another type', () => ({ effect: 'deny', reason: 'x', unless: { at: 'yesterday' } })],
    ['returns an unknown obligation', () => ({ effect: 'abstain', obligations: [{ kind: 'erase' }] })],
  ])('refuses with an error, distinct from a denial, if a policy %s', (_what, evaluate) => {
    const who = principal({ superAdmin: true });
    const decision = decide(engineOf([policy('bad', 'guard', evaluate as never)]), who, permission, 't1');
    expect(decision.outcome).toMatchObject({ effect: 'error', policy: 'bad' });
    expect(decision.steps.find((step) => step.policy === 'bad')?.cause).toBeTruthy();
    // In shadow mode, the same policy is recorded and changes nothing.
    const shadowed = decide(
      engineOf([{ ...policy('bad', 'guard', evaluate as never), shadow: true }]),
      who,
      permission,
      't1',
    );
    expect(shadowed.outcome.effect).toBe('allow');
    expect(shadowed.steps.find((step) => step.policy === 'bad')).toMatchObject({ effect: 'error', shadow: true });
  });

  it("counts a review's own time: idling counts, waiting for a look-up does not", async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 160));
    const slow = {
      ...noLookUps,
      count: async () => {
        await pause();
        return 0;
      },
    };
    const answer = async (afterwards: () => Promise<unknown>) => {
      const own = policy('looking', 'guard', () => ({ effect: 'abstain' }));
      const review = async (_request: unknown, _change: unknown, look: typeof noLookUps) => {
        await look.count('GROUP', 't1');
        await afterwards();
        return { effect: 'abstain' };
      };
      const engine = engineOf([{ ...own, policy: { ...own.policy, review: review as never } }]);
      const decision = decide(engine, principal({ superAdmin: true }), permission, 't1');
      return (await engine.review(decision, { before: null, after: null }, slow)).refused?.effect;
    };
    expect(await answer(async () => undefined)).toBeUndefined();
    expect(await answer(pause)).toBe('error');
  });

  it('refuses if a review throws, stalls or returns no valid verdict', async () => {
    const reviewing = (review: () => unknown) => {
      const own = policy('slow', 'guard', () => ({ effect: 'abstain' }));
      return engineOf([{ ...own, policy: { ...own.policy, review: review as never } }]);
    };
    const answer = async (review: () => unknown) => {
      const engine = reviewing(review);
      const decision = decide(engine, principal({ superAdmin: true }), permission, 't1');
      return (await engine.review(decision, { before: null, after: null }, noLookUps)).refused?.effect;
    };
    expect(
      await answer(() => {
        throw new Error('boom');
      }),
    ).toBe('error');
    expect(await answer(() => new Promise(() => undefined))).toBe('error');
    // biome-ignore lint/suspicious/noThenProperty: a policy may bring its own kind of promise
    expect(await answer(() => ({ then: () => undefined }))).toBe('error');
    expect(await answer(() => undefined)).toBe('error');
    expect(await answer(() => ({ effect: 'allow' }))).toBe('error');
    expect(await answer(() => ({ effect: 'deny', reason: 'no' }))).toBe('deny');
    expect(await answer(() => ({ effect: 'abstain' }))).toBeUndefined();
  });
});
