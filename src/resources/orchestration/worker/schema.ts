import DataLoader from 'dataloader';
import type { Worker, WorkerEvent } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy, refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { guardedOne, viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { remember } from '../../../lib/remember.ts';
import { escapeLike } from '../../../lib/text.ts';
import { type ServiceState, type ServiceType, serviceStates, serviceTypes } from './states.ts';

const valuesOf = (descriptions: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(descriptions).map(([name, description]) => [name, { description }]));

export const ServiceTypeEnum = builder.enumType('ServiceType', {
  description: 'What a service of the orchestrator is.',
  values: valuesOf(serviceTypes) as Record<ServiceType, { description: string }>,
});
export const ServiceStateEnum = builder.enumType('ServiceState', {
  description: 'The state of a service.',
  values: valuesOf(serviceStates) as Record<ServiceState, { description: string }>,
});

const ServiceEvent = builder.objectRef<WorkerEvent>('ServiceEvent').implement({
  description: 'A service came into a state.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When, by the clock of the database.' }),
    state: t.field({
      type: ServiceStateEnum,
      description: 'The state.',
      resolve: ({ state }) => state as ServiceState,
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why; null: the service said so itself.' }),
  }),
});

const shownEvents = 100;

/** The newest events of each service, oldest first, for all services of an answer in one statement. */
function eventsOf({ db, loaders }: Context, workerId: string): Promise<WorkerEvent[]> {
  const loader = remember(loaders as Map<string, DataLoader<string, WorkerEvent[]>>, 'service events', () => {
    return new DataLoader<string, WorkerEvent[]>(async (ids) => {
      const rows = await db.$queryRaw<WorkerEvent[]>`
        SELECT e.* FROM unnest(${[...ids]}::text[]) w(id)
        CROSS JOIN LATERAL (
          SELECT * FROM "WorkerEvent" WHERE "workerId" = w.id ORDER BY id DESC LIMIT ${shownEvents}
        ) e`;
      const byWorker = Map.groupBy(rows, (row) => row.workerId);
      return ids.map((id) => (byWorker.get(id) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1)));
    });
  });
  return loader.load(workerId);
}

export const WorkerRef = builder.prismaNode('Worker', {
  description: 'An instance of a service of the orchestrator, such as a worker. One that starts again is another one.',
  id: { field: 'id' },
  fields: (t) => ({
    serviceId: t.exposeString('serviceId', { description: 'What it calls itself; new at each start.' }),
    type: t.field({ type: ServiceTypeEnum, description: 'What it is.', resolve: ({ type }) => type as ServiceType }),
    state: t.field({
      type: ServiceStateEnum,
      description: 'Its state, as the gateway holds it.',
      resolve: ({ state }) => state as ServiceState,
    }),
    stateAt: t.expose('stateAt', { type: 'DateTime', description: 'Since when it is in this state.' }),
    hostname: t.exposeString('hostname', { nullable: true, description: 'Where it runs.' }),
    version: t.exposeString('version', { nullable: true, description: 'Its version.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it started, as it says.' }),
    registeredAt: t.expose('registeredAt', { type: 'DateTime', description: 'When it registered.' }),
    lastHeartbeatAt: t.expose('lastHeartbeatAt', { type: 'DateTime', description: 'When it was last heard of.' }),
    evictedAt: t.expose('evictedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was evicted, for its silence: it may not come back. Null: it was not.',
    }),
    metrics: t.field({ type: 'JSON', description: 'What it last said of itself.', resolve: ({ metrics }) => metrics }),
    events: t.field({
      type: [ServiceEvent],
      description: `Its states so far, oldest first: the newest ${shownEvents}.`,
      resolve: ({ id }, _args, context) => eventsOf(context, id),
    }),
    group: guardedOne<Worker, unknown>(t, {
      type: refOf('WorkerGroup') as never,
      description: 'The group whose work it takes; null: it has none.',
      permission: 'WORKER_GROUP:READ',
      scope: () => ({}),
      model: 'workerGroup',
      id: ({ groupId }) => groupId,
    }) as never,
    viewerPermissions: viewerPermissions<Worker>(t, 'WORKER', () => ({})),
  }),
});
registerNode({
  typename: 'Worker',
  resource: 'WORKER',
  isOwn: ({ principalId }, id) => principalId === id,
});

const Where = builder.inputType('WorkerWhere', {
  description: 'Which services.',
  fields: (t) => ({
    type: t.field({ type: [ServiceTypeEnum], description: 'Of one of these types.' }),
    state: t.field({ type: [ServiceStateEnum], description: 'In one of these states.' }),
    group: t.string({ description: 'Of the group with this key, as far as the viewer may read it.' }),
    text: t.string({ description: 'Service id, host name or version contains this, in any case.' }),
  }),
});
const where = {
  input: Where,
  toCondition: ({ type, state, group, text }: typeof Where.$inferInput, { session }: Context) => {
    const contains = text == null ? undefined : { contains: escapeLike(text), mode: 'insensitive' };
    return {
      AND: [
        type != null ? { type: { in: type } } : {},
        state != null ? { state: { in: state } } : {},
        group != null ? { group: { AND: [{ key: group }, session.grant('WORKER_GROUP:READ').where] } } : {},
        contains ? { OR: [{ serviceId: contains }, { hostname: contains }, { version: contains }] } : {},
      ],
    };
  },
};
const list = {
  connection: connectionType('Worker', WorkerRef),
  permission: 'WORKER:READ',
  scopes: () => ({}),
  model: 'worker',
  where,
  order: orderBy('Worker', {
    SERVICE_ID: { column: 'serviceId', description: 'By service id.' },
    TYPE: { column: 'type', description: 'By type.' },
    STATE: { column: 'state', description: 'By state.' },
    STARTED_AT: { column: 'startedAt', description: 'By the time of its start.' },
    LAST_HEARTBEAT_AT: { column: 'lastHeartbeatAt', description: 'By when it was last heard of.' },
  }),
} as const;

builder.queryField('workers', (t) =>
  connection(t, {
    ...list,
    description: 'The workers and other services of the instance, in the order of their registration.',
    within: () => ({}),
  }),
);
builder.prismaObjectField('WorkerGroup', 'workers', (t) =>
  connection(t, {
    ...list,
    description: 'Its workers and other services.',
    within: () => ({}),
    relation: { model: 'workerGroup', field: 'workers' },
  }),
);

changesSubscription('workers', {
  type: WorkerRef,
  description: 'The workers and other services of the instance as they come, report and go.',
  permission: 'WORKER:READ',
  where,
});
