import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeTypes } from '../../src/graphql/node.ts';
import { newId } from '../../src/lib/ids.ts';
import { lowerFirst } from '../../src/lib/text.ts';
import { schema } from '../../src/schema.ts';
import type { Client } from '../support/client.ts';
import { idOf, readsOfTenants } from '../support/world.ts';
import { invited } from './cells/invitation.ts';
import { newBanner, newSwitch } from './cells/stops.ts';
import { Stage } from './stage.ts';

type Field = GraphQLField<unknown, unknown>;
const typeOf = ({ type }: Field) => getNamedType(type);
const fieldsOf = (type: GraphQLObjectType): Field[] => Object.values(type.getFields());
const nodes = new Set(nodeTypes().map(({ typename }) => typename));

/** Fields whose value is different at each request. */
const unsteady = new Set(['auditCheckpoint', 'difference']);
const guessed: Record<string, string> = { revisionAt: '(revision: 1)', task: '(id: "say")' };
/** Undefined if the field requires arguments that a test cannot guess. */
const argsOf = (field: Field): string | undefined =>
  field.args.some(({ type }) => isNonNullType(type)) ? guessed[field.name] : '';

/** The type of the objects of a connection. */
function nodeOf(type: unknown): GraphQLObjectType | undefined {
  const field = isObjectType(type) && type.name.endsWith('Connection') ? type.getFields()['nodes'] : undefined;
  return field && (getNamedType(field.type) as GraphQLObjectType);
}

function selected(field: Field): string | undefined {
  const args = argsOf(field);
  if (args === undefined || unsteady.has(field.name)) return undefined;
  const type = typeOf(field);
  const call = `${field.name}${args}`;
  if (isLeafType(type)) return call;
  if (nodeOf(type)) return `${call} { totalCount nodes { __typename } }`;
  if (!isObjectType(type)) return `${call} { __typename id }`;
  const leaves = fieldsOf(type).filter((one) => one.args.length === 0 && isLeafType(typeOf(one)));
  return `${call} { __typename ${leaves.map(({ name }) => name).join(' ')} }`;
}

/** A field that reads rows by the columns that its selection needs. */
interface Place {
  readonly on: string;
  readonly field: Field;
  readonly row: GraphQLObjectType;
  readonly isList: boolean;
}
const places = [...nodes, 'Query'].flatMap((on) =>
  fieldsOf(schema.getType(on) as GraphQLObjectType).flatMap((field): Place[] => {
    if (argsOf(field) === undefined || unsteady.has(field.name)) return [];
    const type = typeOf(field);
    const row = nodeOf(type) ?? (isObjectType(type) && nodes.has(type.name) ? type : undefined);
    return row ? [{ on, field, row, isList: row !== type }] : [];
  }),
);

describe('each field of each type, selected alone', () => {
  let stage: Stage;
  const callers: Client[] = [];
  const seen = new Map<string, number>();

  beforeAll(async () => {
    stage = await Stage.create({ limits: { aliases: 500, cost: 1_000_000 } });
    const { world, a, b, namespace, trigger, executions } = stage;
    const admin = await world.user('reads-all', [a, b], { superAdmin: true });
    for (const tenant of [a, b]) await world.grant(tenant, admin, readsOfTenants);
    const reader = await world.user('reads-below', [a]);
    await world.grant(a, reader, readsOfTenants, 'company');
    callers.push(await world.as(admin), await world.as(reader));
    // Every link leads somewhere.
    const group = await world.db.workerGroup.create({ data: { id: newId(), key: 'group', allowedTenants: [a.id] } });
    stage.lastActor = reader;
    const workerId = await stage.service();
    const { executionId } = executions.execution;
    await world.db.worker.updateMany({ data: { groupId: group.id } });
    await world.db.tenant.update({ where: { id: a.id }, data: { workerGroupId: group.id } });
    await world.db.namespace.update({ where: { id: namespace.id }, data: { workerGroupId: group.id } });
    await world.db.trigger.update({
      where: { id: trigger.id },
      data: { workerGroup: 'group', workerId, executionId, lastExecutionId: executionId },
    });
    await world.db.execution.updateMany({ data: { flowId: trigger.flowId, triggerId: trigger.triggerId } });
    await stage.newFile('a.txt');
    const engine = await world.account(null, 'engine');
    await world.access(a, engine);
    await world.grant(a, stage.account, ['FLOW:READ']);
    await world.grant(null, engine, ['WORKER:READ']);
    const now = new Date();
    const times = { createdAt: now, lastSeenAt: now, expiresAt: new Date(now.getTime() + 3_600_000) };
    await world.db.session.create({
      data: { id: newId(), principalId: stage.person.id, hash: 'one', method: 'PASSWORD', ...times },
    });
    await invited(stage);
    await newSwitch(stage);
    await world.db.user.update({ where: { id: stage.person.id }, data: { homeTenantId: a.id } });
    const { tenantId, namespace: at, flowId, triggerId } = trigger;
    await world.db.triggerLog.create({
      data: {
        id: newId(),
        tenantId,
        namespace: at,
        flowId,
        triggerId,
        sequence: 1n,
        level: 2,
        at: now,
        message: 'one',
      },
    });
    await newBanner(stage);
    await world.db.killSwitch.create({
      data: { id: newId(), title: 'All', behavior: 'HOLD', namespace: '', startsAt: new Date('2090-01-01') },
    });
    await world.db.banner.create({
      data: { id: newId(), message: 'All', severity: 'INFO', startsAt: new Date('2020-01-01') },
    });
    const text = { title: 'Own', titleKey: 'own', source: 'id: own' };
    await world.db.blueprint.create({ data: { id: newId(), tenantId: a.id, ...text } });
  });
  afterAll(() => stage.world.close());

  async function idsOf(typename: string): Promise<string[]> {
    type Delegate = { findMany(args: object): Promise<{ id: string }[]> };
    const model = (stage.world.db as unknown as Record<string, Delegate>)[lowerFirst(typename)]!;
    const [first, last] = await Promise.all(
      (['asc', 'desc'] as const).map((id) => model.findMany({ take: 2, orderBy: { id } })),
    );
    return [...new Set([...first!, ...last!].map((row) => idOf(typename, row)))];
  }

  it.each(places.map((place) => [`${place.on}.${place.field.name}`, place] as const))(
    'has the same value in the rows of %s as beside all others',
    async (at, { on, field, row, isList }) => {
      const texts = fieldsOf(row).flatMap((one) => {
        const text = selected(one);
        return text === undefined ? [] : [[one.name, text] as const];
      });
      const rows = (text: string, through = 'nodes { row }') =>
        isList
          ? `${field.name}(first: 4) { ${through.replace('row', text)} }`
          : `${field.name}${argsOf(field)} { ${text} }`;
      const select = [
        `all: ${rows(texts.map(([, text]) => text).join(' '))}`,
        ...texts.map(([name, text]) => `of_${name}: ${rows(text)}`),
        // Edges lead to the same rows.
        ...(isList ? [`edges: ${rows(texts.at(-1)![1], 'edges { node { row } }')}`] : []),
      ].join(' ');
      const read = (value: any): any[] => {
        if (!isList) return value == null ? [] : [value];
        return value?.nodes ?? value?.edges.map((edge: any) => edge.node) ?? [];
      };
      const starts = on === 'Query' ? [undefined] : await idsOf(on);
      for (const client of callers)
        for (const id of starts) {
          const { data, errors } = await client.run<any>(
            id === undefined ? `{ ${select} }` : `query($id: ID!) { node(id: $id) { ... on ${on} { ${select} } } }`,
            id === undefined ? {} : { id },
          );
          const codes = new Set(errors.map(({ extensions }) => extensions.code));
          expect(
            [...codes].filter((code) => code !== 'FORBIDDEN'),
            JSON.stringify(errors.slice(0, 3)),
          ).toEqual([]);
          const found = id === undefined ? data : (data?.node ?? {});
          const all = read(found.all);
          seen.set(at, (seen.get(at) ?? 0) + all.length);
          for (const [name] of texts)
            expect([name, read(found[`of_${name}`]).map((one) => one[name])]).toEqual([
              name,
              all.map((one) => one[name]),
            ]);
          const [last] = texts.at(-1)!;
          if (isList) expect(read(found.edges).map((one) => one[last])).toEqual(all.map((one) => one[last]));
        }
    },
  );

  it('is seen in every place', () => {
    expect(places.length).toBeGreaterThan(60);
    expect([...seen].filter(([, rows]) => rows === 0).map(([at]) => at)).toEqual([]);
  });
});
