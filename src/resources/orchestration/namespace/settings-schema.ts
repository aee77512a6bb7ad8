import DataLoader from 'dataloader';
import { ancestorsOf } from '../../../access/where.ts';
import type { Namespace } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import type { InputBuilder } from '../../../graphql/mutation/define.ts';
import { remember } from '../../../lib/remember.ts';
import { description } from '../../rules.ts';
import {
  type Configured,
  effectivePluginDefaults,
  effectiveVariables,
  type InheritedPluginDefault,
  type InheritedVariable,
  type PluginDefault,
  pluginDefaults,
  variables,
} from './settings.ts';

const PluginDefaultInput = builder.inputType('PluginDefaultInput', {
  description: 'What holds for tasks of a type.',
  fields: (t) => ({
    type: t.string({ required: true, description: 'The type of a task, or a package of types.' }),
    forced: t.boolean({ defaultValue: false, description: 'Whatever the task itself says?' }),
    values: t.field({ type: 'JSON', required: true, description: 'Properties by name.' }),
  }),
});

/** What createNamespace and updateNamespace take besides. */
export const settingsInput = (t: InputBuilder) => ({
  variables: t.field({
    type: 'JSON',
    description: 'All its variables by name, for what runs in it and below; null: none. Left out: as they are.',
  }),
  pluginDefaults: t.field({
    type: [PluginDefaultInput],
    description: 'All its plugin defaults; null: none. Left out: as they are.',
  }),
});
export const settingsRules = {
  description,
  variables: variables.nullish(),
  pluginDefaults: pluginDefaults.nullish(),
};

const defaultFields = {
  type: 'The type of a task, or a package of types.',
  forced: 'Whatever the task itself says?',
  values: 'Properties by name.',
} as const;
const origin = 'The namespace that sets it: this one, or one above it.';

const PluginDefaultRef = builder.objectRef<PluginDefault>('PluginDefault').implement({
  description: 'What holds for tasks of a type, unless they say otherwise.',
  fields: (t) => ({
    type: t.exposeString('type', { description: defaultFields.type }),
    forced: t.exposeBoolean('forced', { description: defaultFields.forced }),
    values: t.field({ type: 'JSON', description: defaultFields.values, resolve: ({ values }) => values }),
  }),
});
const InheritedPluginDefaultRef = builder.objectRef<InheritedPluginDefault>('InheritedPluginDefault').implement({
  description: 'A plugin default in effect, with where it is from.',
  fields: (t) => ({
    type: t.exposeString('type', { description: defaultFields.type }),
    forced: t.exposeBoolean('forced', { description: defaultFields.forced }),
    values: t.field({ type: 'JSON', description: defaultFields.values, resolve: ({ values }) => values }),
    namespace: t.exposeString('namespace', { description: origin }),
  }),
});
const InheritedVariableRef = builder.objectRef<InheritedVariable>('InheritedVariable').implement({
  description: 'A variable in effect, with where it is from.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name.' }),
    value: t.field({ type: 'JSON', nullable: true, description: 'Its value.', resolve: ({ value }) => value }),
    namespace: t.exposeString('namespace', { description: origin }),
  }),
});

const separator = '\n';

/** A namespace and those above it, for all namespaces of an answer in one statement. */
function chainOf({ db, loaders }: Context, { tenantId, namespace }: Namespace): Promise<Configured[]> {
  const loader = remember(loaders as Map<string, DataLoader<string, Configured[]>>, 'namespace chain', () => {
    return new DataLoader<string, Configured[]>(async (keys) => {
      const asked = keys.map((key) => key.split(separator) as [string, string]);
      const chains = asked.map(([tenant, name]) => ({ tenant, names: [...ancestorsOf(name), name] }));
      const rows = await db.namespace.findMany({
        where: {
          tenantId: { in: [...new Set(chains.map(({ tenant }) => tenant))] },
          namespace: { in: [...new Set(chains.flatMap(({ names }) => names))] },
        },
        select: { tenantId: true, namespace: true, variables: true, pluginDefaults: true },
      });
      const byName = new Map(rows.map((row) => [`${row.tenantId}${separator}${row.namespace}`, row]));
      return chains.map(({ tenant, names }) =>
        names.flatMap((name) => byName.get(`${tenant}${separator}${name}`) ?? []),
      );
    });
  });
  return loader.load(`${tenantId}${separator}${namespace}`);
}

builder.prismaObjectFields('Namespace', (t) => ({
  variables: t.field({
    type: 'JSON',
    description: 'Its own variables by name.',
    resolve: (namespace: Namespace) => namespace.variables,
  }),
  inheritedVariables: t.field({
    type: [InheritedVariableRef],
    description:
      'The variables in effect: of each name, the value of the nearest namespace that sets it. They are read with the namespace, whoever may read those above it.',
    resolve: async (namespace: Namespace, _args, context) => effectiveVariables(await chainOf(context, namespace)),
  }),
  pluginDefaults: t.field({
    type: [PluginDefaultRef],
    description: 'Its own plugin defaults.',
    resolve: (namespace: Namespace) => namespace.pluginDefaults as unknown as PluginDefault[],
  }),
  inheritedPluginDefaults: t.field({
    type: [InheritedPluginDefaultRef],
    description:
      'The plugin defaults in effect, the strongest first: forced ones of the outermost namespace first, then the rest, the nearest first. They are read with the namespace, whoever may read those above it.',
    resolve: async (namespace: Namespace, _args, context) => effectivePluginDefaults(await chainOf(context, namespace)),
  }),
}));
