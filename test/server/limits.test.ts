import fc from 'fast-check';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Limits, readConfig } from '../../src/config.ts';
import { type Measure, measure } from '../../src/graphql/limits.ts';
import { World } from '../support/world.ts';
import { codesOf, deep, json, jsonType, type Program, raw, startPlainYoga } from './tools.ts';

const standard = readConfig({}).limits;
const unlimited: Limits = { ...standard, depth: Infinity, aliases: Infinity, directives: Infinity, cost: Infinity };
const measured = (document: DocumentNode, variables = {}, limits = unlimited): Measure =>
  measure(document, getOperationAST(document)!, variables, limits);
const of = (text: string, variables = {}) => measured(parse(text), variables);

const names = ['a', 'b', 'nodes', 'edges', 'users', '__typename', '__schema', '__type'];
const fragmentNames = ['F0', 'F1', 'F2', 'F3'];
const args = fc.constantFrom('', '(first: 7)', '(last: 90)', '(first: null, last: 50)', '(ids: ["1", "2", "3"])');

/** Selections that spread only fragments with a higher number, so that no cycle exists. */
const selections = (level: number, from: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc
          .tuple(fc.constantFrom('', 'x: ', 'y: '), fc.constantFrom(...names), fc.constantFrom('', ' @skip(if: false)'))
          .map((t) => t.join('')),
        ...(level > 0
          ? [
              fc
                .tuple(fc.constantFrom(...names), args, selections(level - 1, from))
                .map(([n, a, s]) => `${n}${a} ${s}`),
              fc
                .tuple(fc.constantFrom('', ' on T', ' @include(if: true)'), selections(level - 1, from))
                .map(([on, s]) => `...${on} ${s}`),
            ]
          : []),
        ...(from < fragmentNames.length
          ? [fc.constantFrom(...fragmentNames.slice(from)).map((name) => `...${name}`)]
          : []),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((list) => `{ ${list.join(' ')} }`);
const documents = fc
  .tuple(selections(3, 0), ...fragmentNames.map((_, i) => selections(2, i + 1)))
  .map(([operation, ...bodies]) =>
    parse([`query O ${operation}`, ...bodies.map((body, i) => `fragment ${fragmentNames[i]} on T ${body}`)].join('\n')),
  );

/** The same operation with every spread replaced by its selections. */
function inlined(document: DocumentNode): DocumentNode {
  const fragments = new Map(
    document.definitions
      .filter((node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node]),
  );
  const inside = (set: SelectionSetNode): SelectionSetNode =>
    visit(set, {
      FragmentSpread: (node) => ({
        kind: Kind.INLINE_FRAGMENT,
        directives: node.directives ?? [],
        selectionSet: inside(fragments.get(node.name.value)!.selectionSet),
      }),
    });
  const operation = document.definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  )!;
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet: inside(operation.selectionSet) }] };
}

describe('the cost of an operation', () => {
  it('is the same with and without fragments', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(measured(inlined(document))).toEqual(measured(document));
      }),
      { numRuns: 400 },
    );
  });

  it('does not depend on the names of fragments and operations', () => {
    const renamed: Record<string, string> = {
      F0: '__schema',
      F1: '__type',
      F2: '__typename',
      F3: 'IntrospectionQuery',
    };
    fc.assert(
      fc.property(documents, fc.constantFrom('__schema', '__type', 'IntrospectionQuery'), (document, name) => {
        const other = visit(document, {
          FragmentDefinition: (node) => ({ ...node, name: { ...node.name, value: renamed[node.name.value]! } }),
          FragmentSpread: (node) => ({ ...node, name: { ...node.name, value: renamed[node.name.value]! } }),
          OperationDefinition: (node) => ({ ...node, name: { kind: Kind.NAME, value: name } }),
        }) as DocumentNode;
        expect(measured(other)).toEqual(measured(document));
      }),
      { numRuns: 400 },
    );
  });

  it('does not decrease with aliases, more selections or a limit in another place', () => {
    fc.assert(
      fc.property(documents, fc.constantFrom('z', '__schema', '__typename', 'nodes'), (document, alias) => {
        const before = measured(document);
        const aliased = measured(
          visit(document, { Field: (node) => ({ ...node, alias: { kind: Kind.NAME, value: alias } }) }) as DocumentNode,
        );
        const more = measured(
          visit(document, {
            SelectionSet: {
              leave: (node) => ({
                ...node,
                selections: [...node.selections, { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'b' } }],
              }),
            },
          }) as DocumentNode,
        );
        for (const name of ['depth', 'cost', 'aliases', 'directives'] as const) {
          expect(aliased[name]).toBeGreaterThanOrEqual(before[name]);
          expect(more[name]).toBeGreaterThanOrEqual(before[name]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('includes the page size, however it is given', () => {
    const cost = (argument: string, variables = {}, head = '') =>
      of(`${head} { users${argument} { nodes { id } } }`, variables).cost;
    expect(cost('')).toBe(1 + 20 + 20);
    expect(cost('(first: 50)')).toBe(1 + 50 + 50);
    expect(cost('(last: 50)')).toBe(1 + 50 + 50);
    expect(cost('(first: 1000000)')).toBe(1 + 100 + 100);
    expect(cost('(first: -5)')).toBe(1 + 1 + 1);
    expect(cost('(first: null, last: 80)')).toBe(1 + 80 + 80);
    expect(cost('(first: 1, last: 80)')).toBe(1 + 80 + 80);
    expect(cost('(first: "x")')).toBe(1 + 100 + 100);
    const head = 'query($n: Int)';
    expect(cost('(first: $n)', { n: 70 }, head)).toBe(1 + 70 + 70);
    expect(cost('(first: $n)', { n: '70' }, head)).toBe(1 + 100 + 100);
    expect(cost('(first: $n)', { n: null }, head)).toBe(1 + 20 + 20);
    expect(cost('(first: $n)', {}, head)).toBe(1 + 20 + 20);
    expect(cost('(first: $n)', {}, 'query($n: Int = 90)')).toBe(1 + 90 + 90);
    expect(cost('(first: $n)', { n: 1 }, 'query($n: Int = 90)')).toBe(1 + 1 + 1);
    expect(of('query($i: [ID!]!) { nodes(ids: $i) { id } }', { i: Array(60).fill('x') }).cost).toBe(120);
    expect(of('{ users(first: 10) { ...P } } fragment P on C { ... { edges { node { id } } } }').cost).toBe(1 + 10 * 3);
  });

  it.each([
    ['a fragment named __schema (GHSA-733v-p3h5-qpq7)', 'query { ...__schema } fragment __schema on Query'],
    ['an operation named __schema (GHSA-733v-p3h5-qpq7)', 'query __schema { ...F } fragment F on Query'],
    ['an operation named IntrospectionQuery', 'query IntrospectionQuery { ...F } fragment F on Query'],
    ['an inline fragment', 'query { ... on Query { ...F } } fragment F on Query'],
  ])('is limited for %s', (_name, head) => {
    const refused = (text: string) => {
      try {
        measured(parse(text), {}, standard);
        return undefined;
      } catch (error) {
        return (error as { extensions: { code: string; limit: string } }).extensions.limit;
      }
    };
    expect(refused(`${head} ${deep(13)}`)).toBe('depth');
    expect(refused(`${head} ${deep(12)}`)).toBeUndefined();
    expect(refused(`${head} { ${Array.from({ length: 31 }, (_, i) => `x${i}: __typename`).join(' ')} }`)).toBe(
      'aliases',
    );
    expect(refused(`${head} { ${'a @skip(if: false) '.repeat(31)} }`)).toBe('directives');
    expect(
      refused(`${head} { a(first: 100) { nodes { b(first: 100) { nodes { c(first: 100) { nodes { d } } } } } } }`),
    ).toBe('cost');
  });

  it('is limited for a fragment in several places (the cache of armor #824)', () => {
    const text = `{ a { ...F } b { b { b { b { b { b { b { ...F } } } } } } } } fragment F on T ${deep(6)}`;
    expect(() => measured(parse(text), {}, standard)).toThrow('depth');
    const pages =
      '{ c(first: 2) { nodes { ...F } } d(first: 90) { nodes { ...F } } } fragment F on T { e(first: 10) { nodes { id } } }';
    expect(of(pages).cost).toBe(2 + 2 + 90 + (2 + 90) * 21);
  });

  it('is computed in bounded time, however large the document', () => {
    const bomb = (count: number, times: number, leaf: string) =>
      parse(
        `{ ...F0 } ${Array.from({ length: count }, (_, i) => `fragment F${i} on Q { ${`...F${i + 1} `.repeat(times)} }`).join(' ')} fragment F${count} on Q { ${leaf} }`,
      );
    const started = performance.now();
    for (const leaf of ['a', '__typename', 'x: a', 'a @skip(if: true)', 'a(first: 100) { nodes { id } }'])
      for (const [count, times] of [
        [60, 2],
        [30, 20],
        [150, 1],
      ] as const) {
        if (times === 1) measured(bomb(count, times, leaf), {}, standard);
        else expect(() => measured(bomb(count, times, leaf), {}, standard)).toThrow(/limit/);
      }
    // A cycle, which validation refuses, must end here too.
    const circle = parse('{ ...A } fragment A on Q { a ...B ...B } fragment B on Q { b ...A ...A }');
    expect(measured(circle, {}, standard).cost).toBeGreaterThan(1);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('limits over HTTP', () => {
  let world: World;
  let plain: Program & { url: string };
  let auth: Record<string, string>;
  beforeAll(async () => {
    [world, plain] = await Promise.all([World.create(), startPlainYoga()]);
    auth = { authorization: world.root().headers['authorization']! };
  });
  afterAll(async () => {
    await Promise.all([world.close(), plain.kill()]);
  });
  const limitOf = async (query: string, variables = {}) => {
    const answer = await raw(`${world.urls[0]}/graphql`, {
      headers: { ...jsonType, ...auth },
      body: json(query, { variables }),
    });
    const { errors } = JSON.parse(answer.text) as { errors?: { extensions: { limit?: string } }[] };
    return [answer.status, codesOf(answer.text)[0], errors?.[0]?.extensions.limit];
  };
  const many = (count: number, make: (i: number) => string) =>
    `{ ${Array.from({ length: count }, (_, i) => make(i)).join(' ')} }`;
  const namespaces = (levels: number, first: number): string =>
    levels === 0 ? '{ nodes { name } }' : `{ nodes { children(first: ${first}) ${namespaces(levels - 1, first)} } }`;

  it('answer 400 and name the exceeded limit', async () => {
    const over = (limit: string) => [400, 'LIMIT_EXCEEDED', limit];
    expect(await limitOf(many(31, (i) => `x${i}: __typename`))).toEqual(over('aliases'));
    expect(await limitOf(many(30, (i) => `x${i}: __typename`))).toEqual([200, undefined, undefined]);
    expect(await limitOf(many(31, () => '__typename @skip(if: false)'))).toEqual(over('directives'));
    expect(await limitOf(many(2_000, () => '__typename'))).toEqual(over('tokens'));
    const tree = (levels: number, first: number) =>
      `{ tenant(key: "main") { namespaces(first: ${first}) ${namespaces(levels, first)} } }`;
    expect(await limitOf(tree(2, 100))).toEqual(over('cost'));
    expect(await limitOf(tree(5, 1))).toEqual(over('depth'));
    expect((await limitOf(tree(4, 1)))[1]).not.toBe('LIMIT_EXCEEDED');
  });

  it('refuse a page that is too large, for every caller', async () => {
    const page = 'query($n: Int) { users(first: $n) { nodes { username } } }';
    expect(await limitOf(page, { n: 100 })).toEqual([200, undefined, undefined]);
    for (const n of [101, 2_147_483_647, -1])
      expect((await limitOf(page, { n }))[1]).toMatch(/BAD_INPUT|LIMIT_EXCEEDED/);
  });

  it('control: the stock server executes all of them', async () => {
    const run = async (query: string) =>
      (await raw(`${plain.url}/graphql`, { headers: jsonType, body: json(query) })).status;
    expect(await run(many(500, (i) => `x${i}: __typename`))).toBe(200);
    expect(await run(`${'{a'.repeat(100)}{hello}${'}'.repeat(100)}`)).toBe(200);
  });

  it('answer documents that are slow to validate within a second', async () => {
    const chain = Array.from({ length: 130 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(
      ' ',
    );
    const overlapping = `{ ${'viewer { name } '.repeat(300)} }`;
    const nested = (n: number): string =>
      n === 0 ? '{ name }' : `{ viewer ${nested(n - 1)} viewer ${nested(n - 1)} }`;
    for (const query of [
      `{ ...F0 } ${chain} fragment F130 on Query { __typename }`,
      overlapping,
      nested(7),
      `{ ${'@a '.repeat(900)} }`,
      `{ __typename ${'@a '.repeat(900)} }`,
    ]) {
      const started = performance.now();
      await limitOf(query);
      expect(performance.now() - started, query.slice(0, 60)).toBeLessThan(1_000);
    }
  });
});
