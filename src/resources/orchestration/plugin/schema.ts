import DataLoader from 'dataloader';
import type { Plugin, Tenant } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { firstDescription, lastDescription } from '../../../graphql/connection/connection.ts';
import { connectionType, type Page } from '../../../graphql/connection/connection-type.ts';
import { decodeCursor, encodeCursor } from '../../../graphql/connection/cursor.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { everyRow } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { atPath } from '../../../lib/remember.ts';
import {
  countPlugins,
  lastRuns,
  listPlugins,
  type PluginFilter,
  type PluginReach,
  type PluginType,
} from './catalogue.ts';
import { PluginKindEnum } from './kinds.ts';

/** A type, with the reach of the viewer who asks for it. */
type Listed = PluginType & { readonly reach: PluginReach };

const reported = async (
  context: Context,
  { type, isReported }: Listed,
  column: keyof Plugin,
): Promise<Plugin | null> =>
  isReported ? ((await loadByNames(context, 'Plugin', everyRow, { type }, [column])) as Plugin | null) : null;

const lastRunOf = (context: Context, { type, reach }: Listed): Promise<Date | null> =>
  atPath(context.loaders, ['last run of plugins', reach], () => {
    return new DataLoader<string, Date | null>(async (types) => {
      const found = await lastRuns(context.db as never, reach, types);
      return types.map((one) => found.get(one) ?? null);
    });
  }).load(type);

const PluginRef = builder.objectRef<Listed>('Plugin').implement({
  description: 'A type of a task or trigger: one that an engine reported, or that a flow uses.',
  fields: (t) => {
    const text = (column: 'title' | 'description' | 'documentation' | 'icon' | 'version', description: string) =>
      t.string({
        nullable: true,
        description: `${description} Null if no engine reported it.`,
        resolve: async (one, _args, context) => (await reported(context, one, column))?.[column] ?? null,
      });
    return {
      type: t.exposeString('type', { description: 'The type, as sources name it.' }),
      kind: t.field({ type: PluginKindEnum, description: 'Kind of the plugin.', resolve: ({ kind }) => kind }),
      isReported: t.exposeBoolean('isReported', { description: 'True if an engine reported that it knows the type.' }),
      title: text('title', 'Short title.'),
      description: text('description', 'Description in a sentence or two.'),
      documentation: text('documentation', 'Documentation in Markdown.'),
      icon: text('icon', 'Icon, as a data URL.'),
      version: text('version', 'Version of the plugin.'),
      schema: t.field({
        type: 'JSON',
        nullable: true,
        description: 'JSON Schema of its properties. Null if no engine reported it.',
        resolve: async (one, _args, context) => (await reported(context, one, 'schema'))?.schema ?? null,
      }),
      deprecated: t.boolean({
        description: 'True if sources should no longer use it.',
        resolve: async (one, _args, context) => (await reported(context, one, 'deprecated'))?.deprecated ?? false,
      }),
      reportedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When an engine last reported it. Null if none did.',
        resolve: async (one, _args, context) => (await reported(context, one, 'reportedAt'))?.reportedAt ?? null,
      }),
      flowCount: t.exposeInt('flows', {
        description:
          'Number of flows that use it and that the viewer can read. `Tenant.flows(where: { taskType })` lists them.',
      }),
      lastRunAt: t.field({
        type: 'DateTime',
        nullable: true,
        description:
          'When an execution of a flow that uses it last started, of those that the viewer can read. Null if none did.',
        resolve: (one, _args, context) => lastRunOf(context, one),
      }),
    };
  },
});

const PluginConnection = connectionType('Plugin', PluginRef);
const Where = builder.inputType('PluginWhere', {
  description: 'Filter for plugins.',
  fields: (t) => ({
    type: t.string({ description: 'Exactly this type.' }),
    text: t.string({ description: 'Case-insensitive search in type, title and description.' }),
    kind: t.field({ type: [PluginKindEnum], description: 'Any of these kinds.' }),
    inUse: t.boolean({ description: 'True for types that a flow uses, false for the others.' }),
    reported: t.boolean({ description: 'True for types that an engine reported, false for the others.' }),
  }),
});

function reachOf({ session }: Context, tenantId: string): PluginReach {
  return {
    tenantId,
    flows: session.grant('FLOW:READ', { tenantId }).where,
    triggers: session.may('TRIGGER:READ', { tenantId })?.where,
    executions: session.may('EXECUTION:READ', { tenantId })?.where,
  };
}

interface Args {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

/** @throws BAD_INPUT for invalid arguments. */
async function page(context: Context, reach: PluginReach, filter: PluginFilter, args: Args): Promise<Page<Listed>> {
  const backward = args.last != null;
  if (backward && args.first != null) throw badInput(['last'], 'Pass either first or last.');
  const size = (backward ? args.last : args.first) ?? 20;
  const { pageSize } = context.limits;
  if (size < 0 || size > pageSize)
    throw badInput([backward ? 'last' : 'first'], `A page can have 0 to ${pageSize} objects.`);
  const place = (cursor: string | null | undefined, path: string) =>
    cursor == null ? undefined : decodeCursor(cursor, 'type', { type: 'String', nullable: false }, path).id;
  const bounds = { after: place(args.after, 'after'), before: place(args.before, 'before'), backward, limit: size + 1 };
  const db = context.db as never;
  const found = size === 0 ? [] : await listPlugins(db, reach, filter, bounds);
  const more = found.length > size;
  const shown = found.slice(0, size);
  if (backward) shown.reverse();
  return {
    edges: shown.map((one) => ({ cursor: encodeCursor('type', one.type, one.type), node: { ...one, reach } })),
    hasNextPage: backward ? args.before != null : more,
    hasPreviousPage: backward ? more : args.after != null,
    count: () => countPlugins(db, reach, filter),
  };
}

builder.prismaObjectField('Tenant', 'plugins', (t) =>
  t.field({
    type: PluginConnection,
    nullable: true,
    description:
      'Types of tasks and triggers that engines reported, and those that the flows use that the viewer can read, in order of type.',
    access: { decides: 'FLOW:READ' },
    args: {
      first: t.arg.int({ description: firstDescription }),
      after: t.arg.string({ description: 'Only objects after this cursor.' }),
      last: t.arg.int({ description: lastDescription }),
      before: t.arg.string({ description: 'Only objects before this cursor.' }),
      where: t.arg({ type: Where, description: 'Filter. All given fields must match.' }),
    },
    resolve: ({ id }: Tenant, { where, ...args }, context) => page(context, reachOf(context, id), where ?? {}, args),
  }),
);
