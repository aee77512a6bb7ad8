import DataLoader from 'dataloader';
import type { Tenant } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { remember } from '../../../lib/remember.ts';
import { ExecutionStateEnum } from '../execution/enums.ts';
import type { ExecutionState } from '../execution/states.ts';
import { countNamespaces, countTaskTypes, countTriggers, type Named, type OfNamespace } from './breakdown.ts';
import { type Ask, countExecutions, countFigures, type DayCount, type Figures } from './count.ts';
import { type Counted, reachIn } from './reach.ts';
import { daysOf, type Window, windowOf } from './window.ts';

const WindowInputRef = builder.inputType('StatsWindow', {
  description: 'Time window for executions, by start time. Defaults to yesterday and today (UTC).',
  fields: (t) => ({
    days: t.int({ description: 'Number of days up to and including today (UTC), 1 to 366.' }),
    from: t.field({ type: 'DateTime', description: 'Start of the window, inclusive.' }),
    to: t.field({ type: 'DateTime', description: 'End of the window, exclusive. Defaults to the end of today (UTC).' }),
  }),
});

/** One statement counts everything in a response, for any number of tenants. */
function loaderOf<Result>(
  { loaders, db }: Context,
  name: string,
  count: (db: Context['db'], asks: readonly Ask[]) => Promise<Result[]>,
): DataLoader<Ask, Result> {
  return remember(loaders as Map<string, DataLoader<Ask, Result>>, name, () => {
    return new DataLoader<Ask, Result>((asks) => count(db, asks), { maxBatchSize: 200 });
  });
}

const figuresOf = (context: Context, ask: Ask): Promise<Figures> =>
  loaderOf(context, 'stats figures', countFigures).load(ask);
const executionsOf = (context: Context, ask: Ask): Promise<DayCount[]> =>
  loaderOf(context, 'stats executions', countExecutions).load(ask);

interface Total {
  readonly executions: number;
  readonly durationMs: number;
}
const totalOf = (counts: readonly DayCount[]): Total => ({
  executions: counts.reduce((sum, { count }) => sum + count, 0),
  durationMs: counts.reduce((sum, { durationMs }) => sum + durationMs, 0),
});
const seconds = ({ durationMs }: { readonly durationMs: number }): number => Math.floor(durationMs / 1_000);
const ranFor = 'Total reported run time, in whole seconds.';

const StateStats = builder.objectRef<DayCount>('StateStats').implement({
  description: 'Executions of one day in one state.',
  fields: (t) => ({
    state: t.field({
      type: ExecutionStateEnum,
      description: 'Current state of the executions.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    executions: t.exposeInt('count', { description: 'Number of executions.' }),
    executionDuration: t.field({ type: 'Duration', description: ranFor, resolve: seconds }),
  }),
});
const DailyStats = builder
  .objectRef<{ readonly day: Date; readonly counts: readonly DayCount[] }>('DailyStats')
  .implement({
    description: 'Executions that started on one day (UTC).',
    fields: (t) => ({
      day: t.field({ type: 'DateTime', description: 'Start of the day.', resolve: ({ day }) => day }),
      executions: t.int({ description: 'Number of executions.', resolve: ({ counts }) => totalOf(counts).executions }),
      executionDuration: t.field({
        type: 'Duration',
        description: ranFor,
        resolve: ({ counts }) => seconds(totalOf(counts)),
      }),
      states: t.field({
        type: [StateStats],
        description: 'Figures by state. States without executions are omitted.',
        resolve: ({ counts }) => counts.toSorted((a, b) => (a.state < b.state ? -1 : 1)),
      }),
    }),
  });

const NamedRef = builder.objectRef<Named>('StatsCount').implement({
  description: 'A number by name.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The type, or the key of the worker group; empty for no group.' }),
    count: t.exposeInt('count', { description: 'The number.' }),
  }),
});
const OfNamespaceRef = builder.objectRef<OfNamespace>('NamespaceStats').implement({
  description: 'Figures of one namespace, without those below it.',
  fields: (t) => ({
    namespaceName: t.exposeString('namespace', { description: 'Full name of the namespace.' }),
    flows: t.exposeInt('flows', { description: 'Number of flows.' }),
    triggers: t.exposeInt('triggers', { description: 'Number of triggers.' }),
    executions: t.exposeInt('executions', { description: 'Number of executions that started in the window.' }),
    executionDuration: t.field({ type: 'Duration', description: ranFor, resolve: seconds }),
  }),
});
const maxListed = 200;
const firstListed = { description: `Max number of entries (default 20, at most ${maxListed}).` } as const;
const limitOf = (first: number | null | undefined): number => {
  const limit = first ?? 20;
  if (limit < 1 || limit > maxListed) throw badInput(['first'], `first must be 1 to ${maxListed}.`);
  return limit;
};

const StatsRef = builder.objectRef<Ask>('Stats').implement({
  description:
    'Usage figures of what the viewer can read. Executions are those that started in the window; all other figures are current.',
  fields: (t) => {
    const figure = (name: keyof Figures, description: string) =>
      t.int({ description, resolve: async (ask, _args, context) => (await figuresOf(context, ask))[name] });
    const ofPeople = (name: keyof Figures & Counted, description: string) =>
      t.int({
        nullable: true,
        description: `${description} Null if the viewer is not allowed to count them.`,
        resolve: async (ask, _args, context) =>
          ask.reach[name].length === 0 ? null : (await figuresOf(context, ask))[name],
      });
    return {
      from: t.field({
        type: 'DateTime',
        description: 'Start of the window.',
        resolve: ({ window }) => window.from,
      }),
      to: t.field({ type: 'DateTime', description: 'End of the window.', resolve: ({ window }) => window.to }),
      namespaces: figure('namespaces', 'Number of namespaces, including implied ones.'),
      flows: figure('flows', 'Number of flows, including disabled ones.'),
      tasks: figure('tasks', 'Number of tasks in those flows, without nested tasks.'),
      triggers: figure('triggers', 'Number of triggers.'),
      executions: t.int({
        description: 'Number of executions that started in the window, in any state.',
        resolve: async (ask, _args, context) => totalOf(await executionsOf(context, ask)).executions,
      }),
      executionDuration: t.field({
        type: 'Duration',
        description: ranFor,
        resolve: async (ask, _args, context) => seconds(totalOf(await executionsOf(context, ask))),
      }),
      users: ofPeople('users', 'Number of users with access; each counts once.'),
      groups: ofPeople('groups', 'Number of groups.'),
      roles: ofPeople('roles', 'Number of roles.'),
      serviceAccounts: ofPeople('serviceAccounts', 'Number of service accounts.'),
      taskTypes: t.field({
        type: [NamedRef],
        description: 'Numbers of tasks by type, nested tasks included, the most frequent ones first.',
        args: { first: t.arg.int(firstListed) },
        resolve: (ask, { first }, { db }) => countTaskTypes(db, ask, limitOf(first)),
      }),
      triggerTypes: t.field({
        type: [NamedRef],
        description: 'Numbers of triggers by type, the most frequent ones first.',
        args: { first: t.arg.int(firstListed) },
        resolve: (ask, { first }, { db }) => countTriggers(db, ask, 'type', limitOf(first)),
      }),
      workerGroups: t.field({
        type: [NamedRef],
        description: 'Numbers of triggers by the worker group that evaluates them.',
        args: { first: t.arg.int(firstListed) },
        resolve: (ask, { first }, { db }) => countTriggers(db, ask, 'workerGroup', limitOf(first)),
      }),
      byNamespace: t.field({
        type: [OfNamespaceRef],
        description: 'Figures of each namespace, those with the most executions first.',
        args: { first: t.arg.int(firstListed) },
        resolve: (ask, { first }, { db }) => countNamespaces(db, ask, limitOf(first)),
      }),
      daily: t.field({
        type: [DailyStats],
        description: 'All days in the window, in order.',
        resolve: async (ask, _args, context) => {
          const byDay = Map.groupBy(await executionsOf(context, ask), ({ day }) => day.getTime());
          return daysOf(ask.window).map((day) => ({ day, counts: byDay.get(day.getTime()) ?? [] }));
        },
      }),
    };
  },
});

const windowArgument = { type: WindowInputRef, description: 'Time window for executions.' } as const;
const askOf = (context: Context, tenantIds: readonly string[], window: Window): Ask => ({
  reach: reachIn(context.session, tenantIds),
  window,
});

builder.prismaObjectField('Tenant', 'stats', (t) =>
  t.field({
    type: StatsRef,
    nullable: true,
    description: 'Usage figures of the tenant.',
    access: { decides: 'STATS:READ' },
    args: { window: t.arg(windowArgument) },
    resolve: ({ id }: Tenant, { window }, context) => {
      const grant = context.session.grant('STATS:READ', { tenantId: id });
      if (!grant.matches({ tenantId: id })) throw grant.refusalOf({ tenantId: id });
      return askOf(context, [id], windowOf(window, new Date()));
    },
  }),
);

builder.queryField('stats', (t) =>
  t.field({
    type: StatsRef,
    description: 'Usage figures of all tenants in which the viewer has STATS:READ.',
    access: { decides: 'STATS:READ' },
    args: { window: t.arg(windowArgument) },
    resolve: async (_root, { window }, context) => {
      const { session } = context;
      const ids = (await tenantScopes(context)).flatMap(({ tenantId }) =>
        session.may('STATS:READ', { tenantId })?.matches({ tenantId }) ? [tenantId!] : [],
      );
      // Nowhere: refused as any permission that the viewer does not have.
      if (ids.length === 0) session.grant('STATS:READ');
      return askOf(context, ids, windowOf(window, new Date()));
    },
  }),
);
