import { builder } from '../../graphql/builder.ts';
import { PolicyMode } from '../../graphql/policy-mode.ts';
import type { LoadedPolicy } from '../../policy/load.ts';

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
