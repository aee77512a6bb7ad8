import { builder } from '../../../graphql/builder.ts';

/** Kinds of plugins, as the orchestrator groups them. */
export const pluginKinds = {
  TASK: 'A task.',
  TRIGGER: 'A trigger.',
  CONDITION: 'A condition of a trigger.',
  TASK_RUNNER: 'An environment in which tasks run.',
  OTHER: 'Any other kind.',
} as const;
export type PluginKind = keyof typeof pluginKinds;

export const PluginKindEnum = builder.enumType('PluginKind', {
  description: 'Kind of a plugin.',
  values: Object.fromEntries(
    Object.entries(pluginKinds).map(([name, description]) => [name, { description }]),
  ) as Record<PluginKind, { description: string }>,
});
