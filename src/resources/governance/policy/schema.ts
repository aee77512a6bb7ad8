import { z } from 'zod';
import type { PolicyConfiguration } from '../../../config.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { PolicyMode } from '../../../graphql/policy-mode.ts';
import type { AvailablePolicy, LoadedPolicy } from '../../../policy/load/load.ts';
import { configurePolicies } from './configure.ts';
import { shadowRefusals, storedConfiguration } from './service.ts';

const PolicyRef = builder.objectRef<LoadedPolicy>('Policy').implement({
  description: 'A loaded policy.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the policy, which is its file name.' }),
    description: t.exposeString('description', { description: 'The description.' }),
    mode: t.field({ type: PolicyMode, description: 'What the policy can do.', resolve: ({ mode }) => mode }),
    shadow: t.exposeBoolean('shadow', {
      description: 'True in shadow mode: decisions are recorded and ignored.',
    }),
    builtIn: t.exposeBoolean('builtIn', { description: 'True if it is part of the engine.' }),
    resources: t.stringList({
      description: 'Resources that the policy decides about.',
      resolve: ({ resources }) => [...resources],
    }),
    settings: t.field({
      type: 'JSON',
      description: 'Settings in force.',
      resolve: ({ settings }) => settings,
    }),
  }),
});

const wholeInstance = { tenantId: '', namespace: '' };

builder.objectField(PolicyRef, 'shadowRefusals', (t) =>
  t.int({
    nullable: true,
    description:
      'Number of audit events that the policy would have refused in shadow mode. Null if it is not in shadow mode, and without AUDITLOG:READ at the instance level.',
    args: { days: t.arg.int({ defaultValue: 30, description: 'Days to look back (1 to 365).' }) },
    resolve: ({ name, shadow }, { days }, { db, session }) => {
      const wanted = days ?? 30;
      if (wanted < 1 || wanted > 365) throw badInput(['days'], 'days must be 1 to 365.');
      const isShown = shadow && session.may('AUDITLOG:READ')?.matches(wholeInstance) === true;
      return isShown ? shadowRefusals(db, name, wanted) : null;
    },
  }),
);

builder.queryField('policies', (t) =>
  t.field({
    type: [PolicyRef],
    description: 'Policies in force. Their order has no meaning.',
    access: 'POLICY:READ',
    resolve: (_root, _args, { engine }) => [...engine.set.policies],
  }),
);

const AvailableRef = builder.objectRef<AvailablePolicy>('AvailablePolicy').implement({
  description: 'A policy that this gateway has, whether it is enabled or not.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the policy, which is its file name.' }),
    description: t.exposeString('description', { description: 'The description.' }),
    mode: t.field({ type: PolicyMode, description: 'What the policy can do.', resolve: ({ mode }) => mode }),
    settingsSchema: t.field({
      type: 'JSON',
      description: 'JSON Schema of the settings, without enabled and shadow, which every policy has.',
      resolve: ({ model }) => z.toJSONSchema(model, { io: 'input', unrepresentable: 'any' }),
    }),
  }),
});

const ConfigurationRef = builder.objectRef<PolicyConfiguration>('PolicyConfiguration').implement({
  description: 'Configuration of the policies, the same for every gateway.',
  fields: (t) => ({
    policies: t.field({
      type: 'JSON',
      description: 'Settings by policy name, in the format of the configuration file.',
      resolve: ({ policies }) => policies,
    }),
    mayGrant: t.stringList({
      description: 'Policies that can grant permissions.',
      resolve: ({ mayGrant }) => [...mayGrant],
    }),
    available: t.field({
      type: [AvailableRef],
      description: 'Policies that this gateway has, including disabled ones.',
      resolve: (_configuration, _args, { engine }: Context) => [...(engine.set.available ?? [])],
    }),
    acceptedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When these policies were put in force.',
      resolve: async (_configuration, _args, { db }: Context) =>
        (await db.accessState.findFirstOrThrow({ where: { id: 1 } })).acceptedAt,
    }),
    fingerprint: t.string({
      description: 'Fingerprint of the policies and their settings.',
      resolve: (_configuration, _args, { engine }: Context) => engine.fingerprint,
    }),
  }),
});

builder.queryField('policyConfiguration', (t) =>
  t.field({
    type: ConfigurationRef,
    description: 'Configuration of the policies in force.',
    access: 'POLICY:READ',
    resolve: async (_root, _args, { db, policies }) => (await storedConfiguration(db)) ?? policies.configuration,
  }),
);

mutation('setPolicyConfiguration', {
  description:
    'Replaces the settings of policies on every gateway, completely or not at all. The configuration file is unchanged: accepting it again restores its settings.',
  permission: 'POLICY:UPDATE',
  input: (t) => ({
    policies: t.field({
      type: 'JSON',
      required: true,
      description: 'Settings by policy name. An omitted policy has no settings.',
    }),
    mayGrant: t.stringList({
      description:
        'Policies that can grant permissions. Omit to keep the current ones. Only a super admin can change them.',
    }),
  }),
  rules: z.looseObject({
    policies: z.record(z.string(), z.unknown(), 'policies must be an object of settings by policy name.'),
  }),
  target: atInstance,
  run: async (tx, grant, { policies, mayGrant }, _target, context) =>
    (await configurePolicies(tx, grant, context.session, context.policies, { policies, mayGrant })).set,
  payload: (t) => ({
    policies: t.field({
      type: [PolicyRef],
      description: 'Policies in force after the change.',
      resolve: ({ result }) => [...result.policies],
    }),
  }),
});
