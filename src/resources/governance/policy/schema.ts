import { z } from 'zod';
import type { PolicyConfiguration } from '../../../config.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { PolicyMode } from '../../../graphql/policy-mode.ts';
import type { LoadedPolicy } from '../../../policy/load/load.ts';
import { configurePolicies } from './configure.ts';
import { storedConfiguration } from './service.ts';

const PolicyRef = builder.objectRef<LoadedPolicy>('Policy').implement({
  description: 'A loaded policy.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, which is its file name.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
    mode: t.field({ type: PolicyMode, description: 'What it may do.', resolve: ({ mode }) => mode }),
    shadow: t.exposeBoolean('shadow', {
      description: 'Is it only watched: asked and recorded, its answer not heeded?',
    }),
    builtIn: t.exposeBoolean('builtIn', { description: 'Is it part of the engine?' }),
    resources: t.stringList({
      description: 'The resources it is asked about.',
      resolve: ({ resources }) => [...resources],
    }),
    settings: t.field({
      type: 'JSON',
      description: 'Its settings as they are in force.',
      resolve: ({ settings }) => settings,
    }),
  }),
});

builder.queryField('policies', (t) =>
  t.field({
    type: [PolicyRef],
    description: 'The policies in force. Their order means nothing.',
    access: 'POLICY:READ',
    resolve: (_root, _args, { engine }) => [...engine.set.policies],
  }),
);

const ConfigurationRef = builder.objectRef<PolicyConfiguration>('PolicyConfiguration').implement({
  description: 'What is said about the policies, for every gateway alike.',
  fields: (t) => ({
    policies: t.field({
      type: 'JSON',
      description: 'The settings of each policy by its name, as the configuration file has them.',
      resolve: ({ policies }) => policies,
    }),
    mayGrant: t.stringList({
      description: 'The policies that may give permissions.',
      resolve: ({ mayGrant }) => [...mayGrant],
    }),
    fingerprint: t.string({
      description: 'Tells this set of policies and settings from every other.',
      resolve: (_configuration, _args, { engine }: Context) => engine.fingerprint,
    }),
  }),
});

builder.queryField('policyConfiguration', (t) =>
  t.field({
    type: ConfigurationRef,
    description: 'The configuration of the policies in force.',
    access: 'POLICY:READ',
    resolve: async (_root, _args, { db, policies }) => (await storedConfiguration(db)) ?? policies.configuration,
  }),
);

mutation('setPolicyConfiguration', {
  description:
    'Puts other settings of policies in force, on every gateway, whole or not at all. The file is not changed: when it is accepted again, it is in force again.',
  permission: 'POLICY:UPDATE',
  input: (t) => ({
    policies: t.field({
      type: 'JSON',
      required: true,
      description: 'The settings of each policy by its name; a policy that is left out has none.',
    }),
    mayGrant: t.stringList({
      description: 'The policies that may give permissions; left out: as it is. Only super admins change it.',
    }),
  }),
  rules: z.looseObject({ policies: z.record(z.string(), z.unknown(), 'It is an object of settings by policy.') }),
  target: atInstance,
  run: async (tx, grant, { policies, mayGrant }, _target, context) =>
    (await configurePolicies(tx, grant, context.session, context.policies, { policies, mayGrant })).set,
  payload: (t) => ({
    policies: t.field({
      type: [PolicyRef],
      description: 'The policies as they are from now on.',
      resolve: ({ result }) => [...result.policies],
    }),
  }),
});
