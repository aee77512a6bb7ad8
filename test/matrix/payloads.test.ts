import { type GraphQLField, getNamedType, isInterfaceType, isLeafType, isNonNullType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partOf } from '../../src/graphql/mutation/replay.ts';
import { nodeTypes } from '../../src/graphql/node.ts';
import { schema } from '../../src/schema.ts';
import { cases, fields, inputTypeOf } from './every.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.create({ limits: { aliases: 200 } });
});
afterAll(() => stage.world.close());

const nodes = new Set(nodeTypes().map(({ typename }) => typename));
const isRow = (name: string) => nodes.has(name) || partOf(name) !== undefined;
const typeOf = (field: GraphQLField<unknown, unknown>) => getNamedType(field.type);

/** The selection of a field, at most two levels deep; undefined if it requires arguments that a test cannot guess. */
function selected(field: GraphQLField<unknown, unknown>, depth = 2): string | undefined {
  const guessed: Record<string, string> = { revisionAt: '(revision: 1)', task: '(id: "say")', difference: '(from: 1)' };
  const args = field.args.some(({ type }) => isNonNullType(type)) ? guessed[field.name] : '';
  if (args === undefined) return undefined;
  const type = typeOf(field);
  if (isLeafType(type)) return `${field.name}${args}`;
  if (!isObjectType(type) || depth === 0) return `${field.name}${args} { __typename }`;
  const inner = Object.values(type.getFields()).flatMap((one) => selected(one, depth - 1) ?? []);
  return `${field.name}${args} { __typename ${inner.filter((text) => isFlat(text)).join(' ')} }`;
}
const isFlat = (text: string) => !text.includes('{') && !text.includes('(');

/** Reads each field of each object in a payload under its own alias, so that one refusal hides no other. */
function readings(field: string): { select: string; asked: Map<string, string> } {
  const asked = new Map<string, string>();
  const select = (of: GraphQLField<unknown, unknown>): string => {
    const type = typeOf(of);
    if (isLeafType(type)) return of.name;
    if (isInterfaceType(type)) {
      return schema
        .getPossibleTypes(type)
        .flatMap((one) => rows(of.name, one.name, `... on ${one.name}`))
        .join(' ');
    }
    if (!isObjectType(type)) return '';
    if (isRow(type.name)) return rows(of.name, type.name).join(' ');
    const inner = Object.values(type.getFields()).filter(({ args, name }) => args.length === 0 && name !== 'impact');
    return `${of.name} { ${inner.map(select).join(' ')} }`;
  };
  const rows = (name: string, typename: string, on = ''): string[] => {
    const type = schema.getType(typename);
    if (!isObjectType(type)) return [];
    return Object.values(type.getFields()).flatMap((one) => {
      const text = selected(one);
      if (text === undefined || one.name === 'id') return [];
      const alias = `${name}_${typename}_${one.name}`;
      asked.set(alias, one.name);
      return [`${alias}: ${name} { ${on ? `${on} { id ${text} }` : `${nodes.has(typename) ? 'id' : ''} ${text}`} }`];
    });
  };
  const payload = typeOf(fields[field] as never);
  const all = isObjectType(payload) ? Object.values(payload.getFields()) : [];
  return { select: all.map(select).join(' '), asked };
}

function* leaves(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) yield value;
  else for (const inner of Object.values(value)) yield* leaves(inner);
}

/** All values under one of these names, at any depth. */
function* under(value: unknown, names: ReadonlyMap<string, string>): Generator<[alias: string, row: any]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (names.has(key)) yield [key, inner];
    else yield* under(inner, names);
  }
}

// Their callers can read the object anyway: themselves, their own service, a tenant that they created, a flow whose
// revision they read, or everything as super admins.
const readers = new Set(
  'changeMyPassword confirmSecondFactor createRecoveryCodes removeMySecondFactor beginSecondFactor beginPasskey createPasskey renamePasskey deleteMyPasskey registerService heartbeat createTenant restoreFlowRevision setSuperAdmin applyDescription'.split(
    ' ',
  ),
);
// Everyone with access to a tenant can read it.
const isOpen = (alias: string) => alias.includes('_Tenant_') || alias.endsWith('_tenant');
/** The sender of a source knows its declarations. */
const isDeclared = (alias: string, input: object) => {
  const [, typename, name] = alias.split('_') as [string, string, string];
  const declared = nodeTypes().find((one) => one.typename === typename)?.declared;
  return declared?.fields.includes(name) === true && JSON.stringify(input).includes(`"${declared.by}"`);
};

describe('every field of every payload, for a caller with the permission of the mutation only', () => {
  const seen = { objects: 0, refused: 0, shown: 0 };

  it.each(cases.filter(({ field }) => !readers.has(field)))(
    '$permission by $field returns no more than the caller sent',
    async ({ field, make }) => {
      const { client, input } = await make(stage);
      const { select, asked } = readings(field);
      if (asked.size === 0) return;
      const { data, errors } = await client.run<any>(
        `mutation($i: ${inputTypeOf(field)}!) { ${field}(input: $i) { ${select} } }`,
        { i: input },
      );
      expect(data?.[field], JSON.stringify(errors.slice(0, 3))).not.toBeNull();
      const codes = new Set(errors.map(({ extensions }) => extensions.code));
      codes.delete('FORBIDDEN');
      codes.delete('NOT_FOUND');
      expect([...codes], JSON.stringify(errors)).toEqual([]);
      const sent = new Set([...leaves(input)].map((one) => JSON.stringify(one)));
      const text = JSON.stringify(input);
      const unsaid = (value: unknown) =>
        value !== null && !sent.has(JSON.stringify(value)) && !(typeof value === 'string' && text.includes(value));
      for (const [alias, row] of under(data, asked)) {
        if (isOpen(alias) || isDeclared(alias, input)) continue;
        if (row === null || row === undefined) {
          seen.refused += 1;
          continue;
        }
        seen.objects += 1;
        const { id: _id, __typename: _name, ...rest } = row;
        const leaked = [...leaves(rest)].filter(unsaid);
        expect([alias, leaked]).toEqual([alias, []]);
        seen.shown += 1;
      }
    },
  );

  it('does not read a key inside JSON as a field that the caller sent: it would be a guess', async () => {
    const { client, input } = await cases.find(({ field }) => field === 'setExecutionLabels')!.make(stage);
    const [, id] = Buffer.from(String((input as { id: string }).id), 'base64')
      .toString()
      .split(':');
    const { namespace, flowId, executionId } = await stage.world.db.execution.findUniqueOrThrow({ where: { id: id! } });
    const labels = { namespaceName: namespace, flowId, executionId, state: 'SUCCESS' };
    const select = 'namespaceName flowId executionId state';
    const { data } = await client.run<any>(
      `mutation($i: SetExecutionLabelsInput!) { setExecutionLabels(input: $i) { ${select
        .split(' ')
        .map((name) => `${name}: execution { id ${name} }`)
        .join(' ')} } }`,
      { i: { ...input, labels } },
    );
    expect(Object.values(data.setExecutionLabels)).toEqual([null, null, null, null]);
  });

  it('refuses most fields, and returns what was sent', () => {
    console.log(`payloads: ${JSON.stringify(seen)}`);
    expect(seen.refused).toBeGreaterThan(300);
    expect(seen.shown).toBeGreaterThan(30);
  });
});
