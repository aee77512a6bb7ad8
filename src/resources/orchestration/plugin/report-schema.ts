import { builder } from '../../../graphql/builder.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { PluginKindEnum } from './kinds.ts';
import { maxPlugins, type PluginReport, reportPlugins } from './report.ts';

const PluginReportInput = builder.inputType('PluginReport', {
  description: 'A type of a task or trigger that an engine knows. An omitted field is empty.',
  fields: (t) => ({
    type: t.string({ required: true, description: 'The type, as sources name it.' }),
    kind: t.field({ type: PluginKindEnum, description: 'Kind of the plugin. Defaults to TASK.' }),
    title: t.string({ description: 'Short title, at most 200 characters.' }),
    description: t.string({ description: 'Description in a sentence or two, at most 2,000 characters.' }),
    documentation: t.string({ description: 'Documentation in Markdown, at most 100,000 characters.' }),
    icon: t.string({
      description: 'Icon: a data URL of an SVG, PNG or WebP picture in base64, at most 32,000 characters.',
    }),
    schema: t.field({ type: 'JSON', description: 'JSON Schema of its properties, at most 256 kB.' }),
    version: t.string({ description: 'Version of the plugin.' }),
    deprecated: t.boolean({ description: 'True if sources should no longer use it.' }),
  }),
});

mutation('reportPlugins', {
  description: `Reports the types of tasks and triggers that an engine knows, at most ${maxPlugins} in each request. A reported type replaces what any engine reported of it before. A fault in one item refuses the whole report.`,
  permission: 'WORKER:UPDATE',
  telemetry: true,
  input: (t) => ({
    serviceId: t.string({
      required: true,
      description: 'ID of the reporting service. The caller must have registered it.',
    }),
    plugins: t.field({ type: [PluginReportInput], required: true, description: 'The plugins.' }),
    complete: t.boolean({
      description:
        'True for the last report of a service that reports everything its account knows: types that only earlier services of the account reported are removed.',
    }),
  }),
  target: atInstance,
  run: (tx, { doer }, { serviceId, plugins, complete }) =>
    reportPlugins(tx, doer, serviceId, plugins as readonly PluginReport[], complete === true),
  payload: (t) => ({
    stored: t.int({ description: 'Number of stored types.', resolve: ({ result }) => result.stored }),
    removed: t.int({ description: 'Number of removed types.', resolve: ({ result }) => result.removed }),
  }),
});
