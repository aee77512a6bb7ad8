import { describe, expect, it } from 'vitest';
import { allOf, anyOf, outside, within } from '../../src/access/where.ts';
import { inWords } from '../../src/policy/filter/in-words.ts';
import { isEmpty, reaches } from '../../src/policy/filter/partial-match.ts';
import { matches } from '../../src/policy/filter/portable.ts';
import { Chance, filter, namespaces, rows } from './generate.ts';

const words = (where: Parameters<typeof inWords>[0]) => inWords(where, { tenantId: 't', principalId: 'p' });

describe('inWords', () => {
  it.each([
    [undefined, 'everywhere in the tenant'],
    [{ tenantId: 't' }, 'everywhere in the tenant'],
    [within('company.team'), 'in company.team and below'],
    [{ AND: [{ tenantId: 't' }, within('a')] }, 'in a and below'],
    [anyOf([within('a'), within('b.c')]), 'in a, b.c and below'],
    [outside('frozen'), 'everywhere in the tenant, except in frozen and below'],
    [
      allOf([within('company.team'), outside('company.team.frozen')]),
      'in company.team and below, except in company.team.frozen and below',
    ],
    [allOf([outside('a'), outside('b')]), 'everywhere in the tenant, except in a and below and in b and below'],
    [{ namespace: { in: ['a', 'b'] } }, 'in a, b'],
    [{ id: 'p' }, 'own objects'],
    [{ tenantId: 't', principalId: 'p' }, 'own objects'],
    [{ id: { in: ['x', 'y'] } }, '2 objects'],
    [{ key: 'main' }, 'where key is main'],
    [
      { at: { gte: new Date(0), lt: new Date(1) } },
      'where at is at least 1970-01-01T00:00:00.000Z and before 1970-01-01T00:00:00.001Z',
    ],
  ])('describes %j as %s', (where, text) => {
    expect(words(where as never)).toBe(text);
  });

  it('shows no internal ID, and shortens long lists', () => {
    expect(words({ id: { in: Array.from({ length: 50 }, (_, i) => `secret-${i}`) } })).toBe('50 objects');
    expect(words({ namespace: { in: Array.from({ length: 50 }, (_, i) => `n${i}`) } })).toMatch(/n9 and 40 more$/);
    expect(inWords(undefined, { tenantId: undefined, principalId: 'p' })).toBe('everywhere');
  });
});

describe('reaches, for a partly known row', () => {
  const chance = new Chance(21);
  const all = rows(chance, 60);

  it('answers yes or no only if the whole row does, for random filters', () => {
    const seen = { yes: 0, no: 0, unknown: 0 };
    for (let i = 0; i < 3_000; i += 1) {
      const where = filter(chance, 3);
      for (const row of all.slice(0, 15)) {
        expect(reaches(where, row)).toBe(matches(where, row) ? 'yes' : 'no');
        const known = Object.fromEntries(Object.entries(row).filter(() => chance.coin()));
        const partly = reaches(where, known);
        seen[partly] += 1;
        if (partly !== 'unknown') expect(matches(where, row)).toBe(partly === 'yes');
      }
    }
    for (const [answer, count] of Object.entries(seen)) expect(count, answer).toBeGreaterThan(1_000);
  });

  it('calls a filter empty only if no namespace matches it', () => {
    const seen = { empty: 0, not: 0 };
    for (let i = 0; i < 5_000; i += 1) {
      const where = { AND: [filter(chance, 1), filter(chance, 1), filter(chance, 1)] };
      const found = namespaces.some((namespace) => reaches(where, { namespace }) !== 'no');
      if (isEmpty(where, {})) expect(found).toBe(false);
      seen[isEmpty(where, {}) ? 'empty' : 'not'] += 1;
    }
    expect(seen.empty).toBeGreaterThan(100);
    expect(seen.not).toBeGreaterThan(100);
    expect(isEmpty(allOf([within('a'), outside('a')]), {})).toBe(true);
    expect(isEmpty(allOf([within('a'), outside('a.b')]), {})).toBe(false);
  });
});
