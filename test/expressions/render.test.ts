import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/expressions/budget.ts';
import { type ExpressionError, evaluate, render } from '../../src/expressions/render.ts';
import { cases, faults, intrusions, variables } from './cases.ts';

const failure = (expression: string, given: object = variables): ExpressionError | string => {
  try {
    return render(expression, given);
  } catch (error) {
    return error as ExpressionError;
  }
};

describe('expressions', () => {
  it('render as the documentation of the language says', () => {
    const wrong = cases.flatMap(([expression, expected]) => {
      const result = failure(expression);
      return result === expected ? [] : [{ expression, expected, result: String(result) }];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(180);
  });

  it('name their faults and the places of them', () => {
    for (const [expression, line, column, message] of faults) {
      const error = failure(expression) as ExpressionError;
      expect({ expression, ...error, message: error.message }).toMatchObject({ expression, line, column });
      if (message !== '') expect(error.message).toBe(message);
    }
  });

  it('have no way to the host, to prototypes or to anything but own properties', () => {
    for (const expression of intrusions)
      expect((failure(expression) as Error).name, expression).toBe('ExpressionError');
    expect(
      render("{% set m = {'__proto__': {'x': 1}, 'constructor': 2} %}{{ m.__proto__.x }}{{ m.constructor }}", {}),
    ).toBe('12');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(render('{{ fromJson(\'{"__proto__": {"y": 1}}\') | merge({"z": 2}) }}', {})).toBe(
      '{"__proto__":{"y":1},"z":2}',
    );
    expect(({} as Record<string, unknown>)['y']).toBeUndefined();
    // What is no JSON does not exist, whatever the caller passes.
    const odd = {
      f: () => 1,
      made: new (class {
        secret = 1;
      })(),
      map: new Map([['a', 1]]),
    };
    for (const name of Object.keys(odd))
      expect(failure(`{{ ${name} }}`, odd), name).toHaveProperty('name', 'ExpressionError');
    expect(render('{{ f ?? "none" }}', odd)).toBe('none');
    // The control: an own property is a value.
    expect(render('{{ own }}', { own: 1 })).toBe('1');
  });

  it('end within their limits of steps, size, depth and time', () => {
    const many = (count: number, text: string) => text.repeat(count);
    const a = 'a'.repeat(900_000);
    const hostile: [string, object?][] = [
      ['{% for i in range(1, 100000000) %}x{% endfor %}'],
      [
        '{% for i in range(1, 1000) %}{% for j in range(1, 1000) %}{% for k in range(1, 1000) %}{% endfor %}{% endfor %}{% endfor %}',
      ],
      [`{% set a = "xxxxxxxxxx" %}${many(40, '{% set a = a ~ a %}')}{{ a | length }}`],
      [`{% set a = [1] %}${many(60, '{% set a = [a, a] %}')}{{ a }}`],
      [`{% set a = [1] %}${many(60, '{% set a = [a, a] %}')}{{ a == a }}`],
      [`{% set a = [1] %}${many(60, '{% set a = a + a %}')}{{ a | length }}`],
      [`{% set a = [1] %}{% for i in range(1, 20000) %}{% set a = [a] %}{% endfor %}{{ a }}`],
      [`{{ ${many(5_000, '(')}1${many(5_000, ')')} }}`],
      [`{{ ${many(10_000, '[')}${many(10_000, ']')} }}`],
      [`{{ ${many(10_000, '-')}1 }}`],
      [`{{ ${many(10_000, 'not ')}1 }}`],
      [`{{ 1${many(10_000, ' ?? 1')} }}`],
      [`{{ 1${many(20_000, '+1')} }}`],
      [`{{ a${many(20_000, '.b')} }}`],
      [`{{ 1${many(10_000, ' ? 1')} }}`],
      [many(5_000, '{% if 1 %}')],
      [many(20_000, '{{')],
      [many(20_000, '{%')],
      ['{{ render(x) }}', { x: '{{ render(x) }}' }],
      ['{{ render(x) ~ render(x) }}', { x: '{{ render(x) ~ render(x) }}' }],
      [`{{ fromJson("${many(20_000, '[')}") }}`],
      ['{% for i in range(1, 5000) %}{{ a contains b }}{% endfor %}', { a, b: `${'a'.repeat(5_000)}b` }],
      [
        '{% for i in range(1, 5000) %}{{ a | split(b) | length }}{% endfor %}',
        { a, b: `${'a'.repeat(500)}b${'a'.repeat(500)}` },
      ],
      ['{% for i in range(1, 5000) %}{{ a | replace({"a": "bbbbbbbbbb"}) | length }}{% endfor %}', { a }],
      ['{% for i in range(1, 5000) %}{{ a | sha512 }}{% endfor %}', { a }],
      ['{% for i in range(1, 5000) %}{{ a | slugify | length }}{% endfor %}', { a: 'é-'.repeat(400_000) }],
      ['{{ a | date(b) }}', { a: '2024-01-01', b: `${"'".repeat(49_999)}` }],
      ['{{ a | date("yyyy", existingFormat=b) }}', { a, b: 'y'.repeat(40_000) }],
      ['{{ "a" | indent(99999999999) }}'],
      ['{{ 1 | dateAdd(1e308, "YEARS") }}'],
      ['{{ now() | dateAdd(999999999999, "MILLENNIA") }}'],
      ['{{ x | distinct | length }}', { x: Array.from({ length: 50_000 }, (_, i) => i) }],
      ['{{ x | sort | length }}{{ x | sort | length }}', { x: Array.from({ length: 90_000 }, (_, i) => i) }],
      ['{{ "#{"#{"#{1}"}"}" }}'],
    ];
    let longest = 0;
    for (const [expression, given = {}] of hostile) {
      const start = performance.now();
      const result = failure(expression, given);
      const took = performance.now() - start;
      longest = Math.max(longest, took);
      expect(String(result).length, expression.slice(0, 80)).toBeLessThanOrEqual(defaultLimits.output);
      // Some times the limit, on a machine that does other work as well.
      expect(took, expression.slice(0, 80)).toBeLessThan(defaultLimits.milliseconds * 4);
      if (typeof result !== 'string')
        expect(result.name, `${expression.slice(0, 80)} ${result.stack}`).toBe('ExpressionError');
    }
    console.log(`the longest of ${hostile.length} hostile expressions took ${longest.toFixed(0)} ms`);
  });

  it('have values of their own type when they are the whole text', () => {
    expect(evaluate('{{ inputs.list }}', variables)).toEqual([3, 1, 2]);
    expect(evaluate('{{ inputs.count + 1 }}', variables)).toBe(4);
    expect(evaluate('a {{ inputs.count }}', variables)).toBe('a 3');
    expect(render("{{ secret('KEY') }}", {}, { functions: { secret: (args) => `the ${args.text(0, 'key')}` } })).toBe(
      'the KEY',
    );
  });
});
