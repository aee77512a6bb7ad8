import DataLoader from 'dataloader';
import type { Worker, WorkerEvent, WorkerGroup } from '../../../db/generated/client.ts';
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
  description: 'Type of a service of the orchestrator.',
  values: valuesOf(serviceTypes) as Record<ServiceType, { description: string }>,
});
export const ServiceStateEnum = builder.enumType('ServiceState', {
  description: 'State of a service.',
  values: valuesOf(serviceStates) as Record<ServiceState, { description: string }>,
});

const ServiceEvent = builder.objectRef<WorkerEvent>('ServiceEvent').implement({
  description: "A change of a service's state.",
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Time, by the clock of the database.' }),
    state: t.field({
      type: ServiceStateEnum,
      description: 'The new state.',
      resolve: ({ state }) => state as ServiceState,
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Reason; null if the service reported the state.',
    }),
  }),
});

const shownEvents = 100;

/** The newest events of each service, oldest first, for all services of a response in one statement. */
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
  description: 'An instance of a service of the orchestrator, such as a worker. Each restart is a new instance.',
  id: { field: 'id' },
  fields: (t) => ({
    serviceId: t.exposeString('serviceId', { description: 'ID that the service gives itself, new at each start.' }),
    type: t.field({
      type: ServiceTypeEnum,
      description: 'Type of the service.',
      resolve: ({ type }) => type as ServiceType,
    }),
    state: t.field({
      type: ServiceStateEnum,
      description: 'State, as the gateway holds it.',
      resolve: ({ state }) => state as ServiceState,
    }),
    stateAt: t.expose('stateAt', { type: 'DateTime', description: 'Since when it has been in this state.' }),
    hostname: t.exposeString('hostname', { nullable: true, description: 'Host name.' }),
    version: t.exposeString('version', { nullable: true, description: 'Version of the service.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'Start time that the service reported.' }),
    registeredAt: t.expose('registeredAt', { type: 'DateTime', description: 'When it registered.' }),
    lastHeartbeatAt: t.expose('lastHeartbeatAt', { type: 'DateTime', description: 'When its last heartbeat arrived.' }),
    evictedAt: t.expose('evictedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was evicted for missing heartbeats; it cannot return. Null if it was not evicted.',
    }),
    metrics: t.field({
      type: 'JSON',
      description: 'Metrics of the last heartbeat.',
      resolve: ({ metrics }) => metrics,
    }),
    events: t.field({
      type: [ServiceEvent],
      description: `Changes of its state, oldest first: the newest ${shownEvents}.`,
      resolve: ({ id }, _args, context) => eventsOf(context, id),
    }),
    workerGroup: guardedOne<Worker, WorkerGroup>(t, {
      type: refOf('WorkerGroup'),
      description: 'The worker group that it serves; null if none.',
      permission: 'WORKER_GROUP:READ',
      scope: () => ({}),
      model: 'WorkerGroup',
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
  description: 'Filter for services.',
  fields: (t) => ({
    type: t.field({ type: [ServiceTypeEnum], description: 'Any of these types.' }),
    state: t.field({ type: [ServiceStateEnum], description: 'Any of these states.' }),
    workerGroupKey: t.string({ description: 'Key of the worker group. Matches only groups that the viewer can read.' }),
    text: t.string({ description: 'Case-insensitive search in service ID, host name and version.' }),
  }),
});
const where = {
  input: Where,
  toCondition: ({ type, state, workerGroupKey: group, text }: typeof Where.$inferInput, { session }: Context) => {
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
  model: 'Worker',
  where,
  order: orderBy('Worker', {
    SERVICE_ID: { column: 'serviceId', description: 'By service ID.' },
    TYPE: { column: 'type', description: 'By type.' },
    STATE: { column: 'state', description: 'By state.' },
    STARTED_AT: { column: 'startedAt', description: 'By start time.' },
    LAST_HEARTBEAT_AT: { column: 'lastHeartbeatAt', description: 'By time of the last heartbeat.' },
  }),
} as const;

builder.queryField('workers', (t) =>
  connection(t, {
    ...list,
    description: 'Workers and other services of the instance, in order of registration.',
    within: () => ({}),
  }),
);
builder.prismaObjectField('WorkerGroup', 'workers', (t) =>
  connection(t, {
    ...list,
    description: 'Workers and other services of the group.',
    within: ({ id }: WorkerGroup) => ({ groupId: id }),
  }),
);

changesSubscription('workers', {
  type: WorkerRef,
  description: 'Streams the workers and other services of the instance as they register, report and are deleted.',
  permission: 'WORKER:READ',
  where,
});
