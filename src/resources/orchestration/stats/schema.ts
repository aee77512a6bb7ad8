import DataLoader from 'dataloader';
import type { Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { remember } from '../../../lib/remember.ts';
import { ExecutionStateEnum } from '../execution/enums.ts';
import type { ExecutionState } from '../execution/states.ts';
import { type Ask, countExecutions, countFigures, type DayCount, type Figures } from './count.ts';
import { type Counted, reachIn } from './reach.ts';
import { daysOf, type Window, windowOf } from './window.ts';

const WindowInputRef = builder.inputType('StatsWindow', {
  description: 'Which executions count: those that began in it. Left out: yesterday and today (UTC).',
  fields: (t) => ({
    days: t.int({ description: 'The last days up to and including today (UTC): 1 to 366.' }),
    from: t.field({ type: 'DateTime', description: 'From this instant on.' }),
    to: t.field({ type: 'DateTime', description: 'Before this instant; left out: the end of today (UTC).' }),
  }),
});

/** Everything that one answer asks for is counted in one statement, however many tenants it is about. */
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
const ranFor = 'How long they ran together, as far as is reported: whole seconds.';

const StateStats = builder.objectRef<DayCount>('StateStats').implement({
  description: 'The executions of one day that are in one state.',
  fields: (t) => ({
    state: t.field({
      type: ExecutionStateEnum,
      description: 'The state that they are in now.',
      resolve: ({ state }) => state as ExecutionState,
    }),
    executions: t.exposeInt('count', { description: 'How many.' }),
    executionDuration: t.field({ type: 'Duration', description: ranFor, resolve: seconds }),
  }),
});
const DailyStats = builder
  .objectRef<{ readonly day: Date; readonly counts: readonly DayCount[] }>('DailyStats')
  .implement({
    description: 'The executions that began on one day (UTC).',
    fields: (t) => ({
      day: t.field({ type: 'DateTime', description: 'Its beginning.', resolve: ({ day }) => day }),
      executions: t.int({ description: 'How many.', resolve: ({ counts }) => totalOf(counts).executions }),
      executionDuration: t.field({
        type: 'Duration',
        description: ranFor,
        resolve: ({ counts }) => seconds(totalOf(counts)),
      }),
      states: t.field({
        type: [StateStats],
        description: 'The same by state; states that none is in are left out.',
        resolve: ({ counts }) => counts.toSorted((a, b) => (a.state < b.state ? -1 : 1)),
      }),
    }),
  });

const StatsRef = builder.objectRef<Ask>('Stats').implement({
  description:
    'Figures of use, each over what the viewer may read of it. Executions are those that began in the window; the rest is as it is now.',
  fields: (t) => {
    const figure = (name: keyof Figures, description: string) =>
      t.int({ description, resolve: async (ask, _args, context) => (await figuresOf(context, ask))[name] });
    const ofPeople = (name: keyof Figures & Counted, description: string) =>
      t.int({
        nullable: true,
        description: `${description} Null where the viewer may not count them.`,
        resolve: async (ask, _args, context) =>
          ask.reach[name].length === 0 ? null : (await figuresOf(context, ask))[name],
      });
    return {
      from: t.field({
        type: 'DateTime',
        description: 'Where the window begins.',
        resolve: ({ window }) => window.from,
      }),
      to: t.field({ type: 'DateTime', description: 'Where it ends.', resolve: ({ window }) => window.to }),
      namespaces: figure('namespaces', 'Namespaces, implied ones too, as they are listed.'),
      flows: figure('flows', 'Flows, disabled ones too.'),
      tasks: figure('tasks', 'Tasks of those flows, without those within others.'),
      triggers: figure('triggers', 'Triggers.'),
      executions: t.int({
        description: 'Executions that began in the window, each once, whatever state it is in.',
        resolve: async (ask, _args, context) => totalOf(await executionsOf(context, ask)).executions,
      }),
      executionDuration: t.field({
        type: 'Duration',
        description: ranFor,
        resolve: async (ask, _args, context) => seconds(totalOf(await executionsOf(context, ask))),
      }),
      users: ofPeople('users', 'Users with access, each once.'),
      groups: ofPeople('groups', 'Groups.'),
      roles: ofPeople('roles', 'Roles.'),
      serviceAccounts: ofPeople('serviceAccounts', 'Service accounts.'),
      daily: t.field({
        type: [DailyStats],
        description: 'Every day that the window touches, in order.',
        resolve: async (ask, _args, context) => {
          const byDay = Map.groupBy(await executionsOf(context, ask), ({ day }) => day.getTime());
          return daysOf(ask.window).map((day) => ({ day, counts: byDay.get(day.getTime()) ?? [] }));
        },
      }),
    };
  },
});

const windowArgument = { type: WindowInputRef, description: 'Which executions count.' } as const;
const askOf = (context: Context, tenantIds: readonly string[], window: Window): Ask => ({
  reach: reachIn(context.session, tenantIds),
  window,
});

builder.prismaObjectField('Tenant', 'stats', (t) =>
  t.field({
    type: StatsRef,
    nullable: true,
    description: 'Figures of use of the tenant.',
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
    description: 'Figures of use over all tenants where the viewer holds STATS:READ.',
    access: { decides: 'STATS:READ' },
    args: { window: t.arg(windowArgument) },
    resolve: async (_root, { window }, context) => {
      const { session } = context;
      const ids = (await tenantScopes(context)).flatMap(({ tenantId }) =>
        session.may('STATS:READ', { tenantId })?.matches({ tenantId }) ? [tenantId!] : [],
      );
      // Nowhere: refused, as any question that nobody may ask.
      if (ids.length === 0) session.grant('STATS:READ');
      return askOf(context, ids, windowOf(window, new Date()));
    },
  }),
);
