import DataLoader from 'dataloader';
import { ancestorsOf } from '../../../access/where.ts';
import type { Namespace } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import type { InputBuilder } from '../../../graphql/mutation/spec.ts';
import { remember } from '../../../lib/remember.ts';
import { description } from '../../rules.ts';
import { type MergedDefaults, mergeDefaults, type PropertyOrigin } from './merged-defaults.ts';
import {
  type Configured,
  effectivePluginDefaults,
  effectiveVariables,
  type InheritedPluginDefault,
  type InheritedVariable,
  type PluginDefault,
  pluginDefault,
  pluginDefaults,
  variables,
} from './settings.ts';

const PluginDefaultInput = builder.inputType('PluginDefaultInput', {
  description: 'Default values for tasks of a type.',
  fields: (t) => ({
    type: t.string({ required: true, description: 'Type of the task, or a package of types.' }),
    forced: t.boolean({ defaultValue: false, description: 'True to override the values in the task.' }),
    values: t.field({ type: 'JSON', required: true, description: 'Property values by name.' }),
  }),
});

/** Fields that createNamespace and updateNamespace share. */
export const settingsInput = (t: InputBuilder) => ({
  variables: t.field({
    type: 'JSON',
    description: 'All variables by name, for this namespace and all below it. Omit to keep them; null clears them.',
  }),
  pluginDefaults: t.field({
    type: [PluginDefaultInput],
    description: 'All plugin defaults. Omit to keep them; null clears them.',
  }),
});
export const settingsRules = {
  description,
  variables: variables.nullish(),
  pluginDefaults: pluginDefaults.nullish(),
};

const defaultFields = {
  type: 'Type of the task, or a package of types.',
  forced: 'True to override the values in the task.',
  values: 'Property values by name.',
} as const;
const origin = 'The namespace that sets it: this one or an ancestor.';

const PluginDefaultRef = builder.objectRef<PluginDefault>('PluginDefault').implement({
  description: 'Default values for tasks of a type.',
  fields: (t) => ({
    type: t.exposeString('type', { description: defaultFields.type }),
    forced: t.exposeBoolean('forced', { description: defaultFields.forced }),
    values: t.field({ type: 'JSON', description: defaultFields.values, resolve: ({ values }) => values }),
  }),
});
const InheritedPluginDefaultRef = builder.objectRef<InheritedPluginDefault>('InheritedPluginDefault').implement({
  description: 'A plugin default in effect, with its origin.',
  fields: (t) => ({
    type: t.exposeString('type', { description: defaultFields.type }),
    forced: t.exposeBoolean('forced', { description: defaultFields.forced }),
    values: t.field({ type: 'JSON', description: defaultFields.values, resolve: ({ values }) => values }),
    namespaceName: t.exposeString('namespace', { description: origin }),
  }),
});
const InheritedVariableRef = builder.objectRef<InheritedVariable>('InheritedVariable').implement({
  description: 'A variable in effect, with its origin.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The name.' }),
    value: t.field({ type: 'JSON', nullable: true, description: 'The value.', resolve: ({ value }) => value }),
    namespaceName: t.exposeString('namespace', { description: origin }),
  }),
});

const PropertyOriginRef = builder.objectRef<PropertyOrigin>('PropertyOrigin').implement({
  description: 'A property of a task, and what sets it.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Name of the property; nested ones with dots.' }),
    namespaceName: t.string({
      nullable: true,
      description: 'The namespace whose plugin default sets it; null if the given values do.',
      resolve: ({ by }) => by?.namespace ?? null,
    }),
    type: t.string({
      nullable: true,
      description: 'Type or package of the plugin default; null if the given values set it.',
      resolve: ({ by }) => by?.type ?? null,
    }),
    forced: t.boolean({
      description: 'True if a forced plugin default sets it.',
      resolve: ({ by }) => by?.forced ?? false,
    }),
  }),
});
const MergedRef = builder.objectRef<MergedDefaults>('EffectivePluginDefaults').implement({
  description: 'The properties that a task of a type gets in a namespace.',
  fields: (t) => ({
    values: t.field({ type: 'JSON', description: 'All properties.', resolve: ({ values }) => values }),
    properties: t.field({
      type: [PropertyOriginRef],
      description: 'Each property, and what sets it.',
      resolve: ({ origins }) => [...origins],
    }),
  }),
});
/** Values as in a plugin default: an object of properties, of a bounded size. */
const taskValues = pluginDefault.shape.values;

const separator = '\n';

/** A namespace and its ancestors, for all namespaces of a response in one statement. */
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
    description: 'Own variables by name.',
    resolve: (namespace: Namespace) => namespace.variables,
  }),
  inheritedVariables: t.field({
    type: [InheritedVariableRef],
    description:
      'Variables in effect. For each name, the nearest namespace that sets it wins. Readable with the namespace, even if the viewer cannot read its ancestors.',
    resolve: async (namespace: Namespace, _args, context) => effectiveVariables(await chainOf(context, namespace)),
  }),
  pluginDefaults: t.field({
    type: [PluginDefaultRef],
    description: 'Own plugin defaults.',
    resolve: (namespace: Namespace) => namespace.pluginDefaults as unknown as PluginDefault[],
  }),
  inheritedPluginDefaults: t.field({
    type: [InheritedPluginDefaultRef],
    description:
      'Plugin defaults in effect, by precedence: forced ones from the outermost namespace inwards, then the others from the nearest namespace outwards. Readable with the namespace, even if the viewer cannot read its ancestors.',
    resolve: async (namespace: Namespace, _args, context) => effectivePluginDefaults(await chainOf(context, namespace)),
  }),
  effectivePluginDefaults: t.field({
    type: MergedRef,
    description:
      'The properties that a task of a type gets: forced plugin defaults, then its own values, then the other plugin defaults. Maps are merged, lists are replaced. Plugin defaults in the source of a flow are not included.',
    args: {
      type: t.arg.string({ required: true, description: 'Type of the task.' }),
      values: t.arg({ type: 'JSON', description: 'Values that the task sets itself, by name.' }),
    },
    resolve: async (namespace: Namespace, { type, values }, context) => {
      const own = taskValues.safeParse(values ?? {});
      if (!own.success) throw badInput(['values'], own.error.issues[0]!.message);
      return mergeDefaults(type, own.data, effectivePluginDefaults(await chainOf(context, namespace)));
    },
  }),
}));
