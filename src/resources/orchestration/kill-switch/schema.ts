import DataLoader from 'dataloader';
import type { Flow, KillSwitch, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { registerNode } from '../../../graphql/node.ts';
import { ServerInfoRef } from '../../../graphql/server-info-ref.ts';
import { optionalTenantFields } from '../../../graphql/tenant-fields.ts';
import { remember } from '../../../lib/remember.ts';
import { during } from '../../period.ts';
import { activeFor, type Behavior, behaviors } from './active.ts';

export const BehaviorEnum = builder.enumType('KillSwitchBehavior', {
  description: 'What a kill switch does.',
  values: Object.fromEntries(Object.entries(behaviors).map(([name, description]) => [name, { description }])) as Record<
    Behavior,
    { description: string }
  >,
});
const behavior = {
  type: BehaviorEnum,
  description: 'What it does.',
  resolve: (one: KillSwitch) => one.behavior as Behavior,
} as const;
const orNull = (text: string): string | null => (text === '' ? null : text);

export const KillSwitchRef = builder.prismaNode('KillSwitch', {
  description:
    'Holds or kills the executions of a flow, of a namespace and all below it, of a tenant or of the instance, for some time. One that holds a whole tenant or the instance is its maintenance mode.',
  id: { field: 'id' },
  fields: (t) => ({
    title: t.exposeString('title', { description: 'Title, which the readers of the stopped flows see.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    behavior: t.field(behavior),
    namespaceName: t.string({
      nullable: true,
      description: 'The namespace whose executions it stops, including all below it; null for all.',
      resolve: ({ namespace }) => orNull(namespace),
    }),
    flowId: t.exposeString('flowId', {
      nullable: true,
      description: 'The flow of the namespace whose executions it stops; null for all.',
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Since when it is in effect.' }),
    endsAt: t.expose('endsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is in effect; null for no end.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    ...optionalTenantFields<KillSwitch>(t),
    viewerPermissions: viewerPermissions<KillSwitch>(t, 'KILL_SWITCH', ({ tenantId }) => ({
      tenantId: tenantId ?? undefined,
    })),
  }),
});
registerNode({ typename: 'KillSwitch', resource: 'KILL_SWITCH' });

const Where = builder.inputType('KillSwitchWhere', {
  description: 'Filter for kill switches.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'Only kill switches that are in effect at this time.' }),
    behavior: t.field({ type: BehaviorEnum, description: 'Exactly this behavior.' }),
    namespaceName: t.string({ description: 'Exactly this namespace.' }),
    flowId: t.string({ description: 'Exactly this flow ID.' }),
  }),
});
const list = {
  connection: connectionType('KillSwitch', KillSwitchRef),
  permission: 'KILL_SWITCH:READ',
  model: 'KillSwitch',
  where: {
    input: Where,
    toCondition: ({ at, behavior, namespaceName, flowId }: typeof Where.$inferInput): Condition => ({
      AND: [
        at != null ? during(at) : {},
        behavior != null ? { behavior } : {},
        namespaceName != null ? { namespace: namespaceName } : {},
        flowId != null ? { flowId } : {},
      ],
    }),
  },
  order: orderBy('KillSwitch', {
    STARTS_AT: { column: 'startsAt', description: 'By the time since when it is in effect.' },
  }),
  defaultOrder: { column: 'startsAt', descending: true },
} as const;

/** What everyone learns whose flows a kill switch stops. */
const ActiveRef = builder.objectRef<KillSwitch>('ActiveKillSwitch').implement({
  description: 'A kill switch that is in effect, as the readers of the stopped flows see it.',
  fields: (t) => ({
    title: t.exposeString('title', { description: 'Title of the kill switch.' }),
    behavior: t.field(behavior),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Since when it is in effect.' }),
    endsAt: t.expose('endsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is in effect; null for no end.',
    }),
  }),
});

const ofFlow = ({ loaders, db }: Context, { id, tenantId, namespace, flowId }: Flow): Promise<KillSwitch | null> =>
  remember(loaders as Map<string, DataLoader<Flow, KillSwitch | null, string>>, 'active kill switches', () => {
    return new DataLoader<Flow, KillSwitch | null, string>(
      async (flows) => (await activeFor(db as never, flows)).map(([first]) => first ?? null),
      { cacheKeyFn: (flow) => flow.id },
    );
  }).load({ id, tenantId, namespace, flowId } as Flow);

/** The active one that stops everything in a tenant: those that kill are first. */
async function ofAll(context: Context, tenants: readonly (string | null)[]): Promise<KillSwitch | null> {
  const found = await rows(context).find({
    model: 'KillSwitch',
    where: {
      AND: [{ OR: tenants.map((tenantId) => ({ tenantId })), namespace: '' }, during(new Date())],
    },
    order: [
      ['behavior', 'desc'],
      ['startsAt', 'asc'],
    ],
    take: 1,
  });
  return (found[0] as KillSwitch | undefined) ?? null;
}

builder.prismaObjectFields('Tenant', (t) => ({
  killSwitches: connection(t, {
    ...list,
    description: 'Kill switches of the tenant, the newest first.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
  activeKillSwitch: t.field({
    type: ActiveRef,
    nullable: true,
    description:
      'The kill switch of the tenant or the instance that is in effect for the whole tenant; null for none. One that kills goes first.',
    resolve: ({ id }: Tenant, _args, context) => ofAll(context, [id, null]),
  }),
}));
builder.prismaObjectField('Flow', 'activeKillSwitch', (t) =>
  t.field({
    type: ActiveRef,
    nullable: true,
    description: 'The kill switch that is in effect for this flow; null for none. One that kills goes first.',
    resolve: (flow: Flow, _args, context) => ofFlow(context, flow),
  }),
);
builder.queryField('instanceKillSwitches', (t) =>
  connection(t, {
    ...list,
    description: 'Kill switches of the instance, the newest first.',
    scopes: () => ({}),
    within: () => ({ tenantId: null }),
    nullable: true,
  }),
);
builder.objectField(ServerInfoRef, 'activeKillSwitch', (t) =>
  t.field({
    type: ActiveRef,
    nullable: true,
    description: 'The kill switch of the instance that is in effect; null for none.',
    resolve: (_info, _args, context) => ofAll(context, [null]),
  }),
);
