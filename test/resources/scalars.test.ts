import { parseValue } from 'graphql';
import { describe, expect, it } from 'vitest';
import { scalars } from '../../src/graphql/scalars.ts';

const { DateTime, Duration, BigInt: Whole, JSON: Json } = scalars;
const beyond = 2 ** 53;

describe('input values', () => {
  it('are times on existing days', () => {
    for (const text of [
      '2026-02-30T00:00:00Z',
      '2026-04-31T12:00:00+02:00',
      '2025-02-29T00:00:00Z',
      '2026-13-01T00:00:00Z',
    ])
      expect(() => DateTime.parseValue(text)).toThrow('The date does not exist');
    expect(DateTime.parseValue('2024-02-29T23:00:00-02:00').toISOString()).toBe('2024-03-01T01:00:00.000Z');
    expect(() => Duration.parseValue('PT1.5S')).toThrow('whole seconds');
  });

  it('are never rounded: numbers beyond 2^53 are refused at any depth', () => {
    for (const value of [beyond, -beyond, { a: [1, { b: beyond }] }, [1e300]])
      expect(() => Json.parseValue(value)).toThrow('rounded');
    expect(() => Json.parseValue({ a: [1, { b: beyond }] })).toThrow('a.1.b');
    const fine = { a: [beyond - 1, 0.1, '12345678901234567890', null, true] };
    expect(Json.parseValue(fine)).toBe(fine);
    expect(() => Json.parseLiteral(parseValue('{ a: 9007199254740993 }'), {})).toThrow('rounded');
    // A variable of another type within a literal.
    const variables = { n: 9_007_199_254_740_993n, at: new Date(0), list: [1n] };
    expect(Json.parseLiteral(parseValue('{ n: [$n], at: $at, list: $list }'), variables)).toEqual({
      n: ['9007199254740993'],
      at: '1970-01-01T00:00:00.000Z',
      list: ['1'],
    });
    expect(() => Whole.parseValue(beyond)).toThrow('rounded');
    expect(Whole.parseValue('9007199254740993')).toBe(9_007_199_254_740_993n);
  });
});
