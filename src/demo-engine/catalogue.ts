import type { PluginReport } from '../engine/engine.ts';
import { works } from './tasks.ts';

interface Property {
  readonly type: string;
  readonly description: string;
}
interface Described {
  readonly title: string;
  readonly description: string;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly example: string;
}

const core = 'io.kestra.plugin.core.';
const text = (description: string): Property => ({ type: 'string', description });
const list = (description: string): Property => ({ type: 'array', description });
const tasks = list('The tasks.');

/** What the demo engine says of each type that it runs. */
const described: Readonly<Record<string, Described>> = {
  'log.Log': {
    title: 'Log a message',
    description: 'Writes one message or a list of messages to the log of the execution.',
    properties: { message: text('The message.'), level: text('Severity: TRACE, DEBUG, INFO, WARN or ERROR.') },
    required: ['message'],
    example: 'message: Hello {{ inputs.name }}',
  },
  'debug.Return': {
    title: 'Return a value',
    description: 'Renders an expression and returns it as the output `value`.',
    properties: { format: text('The expression.') },
    example: 'format: "{{ execution.id }}"',
  },
  'output.OutputValues': {
    title: 'Return several values',
    description: 'Renders values and returns them as the output `values`.',
    properties: { values: { type: 'object', description: 'The values by name.' } },
    required: ['values'],
    example: 'values:\n  total: "{{ outputs.count.value }}"',
  },
  'metric.Publish': {
    title: 'Publish metrics',
    description: 'Reports metrics of the execution.',
    properties: { metrics: list('The metrics: name, type (counter or timer), value and tags.') },
    required: ['metrics'],
    example: 'metrics:\n  - name: rows\n    type: counter\n    value: 42',
  },
  'flow.Sleep': {
    title: 'Wait',
    description: 'Waits for a time.',
    properties: { duration: text('The time, as an ISO 8601 duration.') },
    required: ['duration'],
    example: 'duration: PT5S',
  },
  'execution.Fail': {
    title: 'Fail the execution',
    description: 'Fails, always or if a condition is true.',
    properties: { condition: text('An expression.'), errorMessage: text('The message.') },
    example: 'condition: "{{ outputs.check.value == 0 }}"',
  },
  'flow.Sequential': {
    title: 'Run tasks one after the other',
    description: 'Groups tasks. The group fails with its first task that fails.',
    properties: { tasks },
    required: ['tasks'],
    example: 'tasks:\n  - { id: first, type: io.kestra.plugin.core.log.Log, message: One }',
  },
  'flow.AllowFailure': {
    title: 'Allow a failure',
    description: 'Groups tasks. If one fails, the execution goes on with a warning.',
    properties: { tasks },
    required: ['tasks'],
    example: 'tasks:\n  - { id: may_fail, type: io.kestra.plugin.core.execution.Fail }',
  },
  'flow.Parallel': {
    title: 'Run tasks at the same time',
    description: 'Runs tasks at the same time, as many as `concurrent` says.',
    properties: { tasks, concurrent: { type: 'integer', description: 'Max number at a time; 0 for all.' } },
    required: ['tasks'],
    example: 'concurrent: 2\ntasks:\n  - { id: a, type: io.kestra.plugin.core.log.Log, message: A }',
  },
  'flow.ForEach': {
    title: 'Run tasks for each value',
    description: 'Runs tasks once for each value of a list or map. `taskrun.value` is the value.',
    properties: {
      values: list('The values, or an expression that renders to them.'),
      tasks,
      concurrencyLimit: { type: 'integer', description: 'Max number at a time; 0 for all. Defaults to 1.' },
    },
    required: ['values', 'tasks'],
    example:
      'values: [red, green]\ntasks:\n  - { id: say, type: io.kestra.plugin.core.log.Log, message: "{{ taskrun.value }}" }',
  },
  'flow.If': {
    title: 'Run tasks under a condition',
    description: 'Runs the tasks in `then` if a condition is true, and those in `else` otherwise.',
    properties: {
      condition: text('An expression.'),
      // biome-ignore lint/suspicious/noThenProperty: a property of the task, not of a promise.
      then: list('Tasks if it is true.'),
      else: list('Tasks otherwise.'),
    },
    required: ['condition', 'then'],
    example:
      'condition: "{{ inputs.approved }}"\nthen:\n  - { id: yes_branch, type: io.kestra.plugin.core.log.Log, message: Approved }',
  },
  'flow.Switch': {
    title: 'Choose tasks by a value',
    description: 'Runs the tasks of the case that a value names.',
    properties: {
      value: text('An expression.'),
      cases: { type: 'object', description: 'Lists of tasks by value.' },
      defaults: list('Tasks if no case has the value.'),
    },
    required: ['value'],
    example:
      'value: "{{ inputs.size }}"\ncases:\n  small:\n    - { id: small, type: io.kestra.plugin.core.log.Log, message: Small }',
  },
  'flow.Pause': {
    title: 'Wait for a person',
    description: 'Pauses the execution until it is resumed, with inputs if `onResume` declares some.',
    properties: {
      pauseDuration: text('Max time, as an ISO 8601 duration.'),
      onResume: list('Inputs that the person gives.'),
    },
    example: 'onResume:\n  - { id: approved, type: BOOLEAN }',
  },
  'flow.Subflow': {
    title: 'Run another flow',
    description: 'Starts an execution of another flow, and waits for its end.',
    properties: {
      namespace: text('Namespace of the flow.'),
      flowId: text('ID of the flow.'),
      inputs: { type: 'object', description: 'Inputs by name.' },
    },
    required: ['namespace', 'flowId'],
    example: 'namespace: company.data\nflowId: hello',
  },
};

const schedule: Described = {
  title: 'Start on a schedule',
  description: 'Starts the flow at the dates of a cron expression.',
  properties: {
    cron: text('A cron expression with five fields, or a name such as @daily.'),
    timezone: text('Zone of the dates. Defaults to UTC.'),
    inputs: { type: 'object', description: 'Inputs of the executions.' },
  },
  required: ['cron'],
  example: 'cron: "0 8 * * 1-5"\ntimezone: Europe/Berlin',
};

const reportOf = (
  name: string,
  kind: 'TASK' | 'TRIGGER',
  { title, description, properties = {}, required = [], example }: Described,
): PluginReport => ({
  type: `${core}${name}`,
  kind,
  title,
  description,
  documentation: [
    description,
    '',
    '```yaml',
    'id: example',
    `type: ${core}${name}`,
    example,
    '```',
    '',
    ...Object.entries(properties).map(([property, { description: about }]) => `- \`${property}\`: ${about}`),
  ].join('\n'),
  schema: {
    type: 'object',
    properties: { id: { type: 'string' }, type: { const: `${core}${name}` }, ...properties },
    required: ['id', 'type', ...required],
  },
});

/** The types that the demo engine runs, for the catalogue of the gateway. */
export const catalogue: readonly PluginReport[] = [
  ...Object.keys(works).map((type) => {
    const name = type.slice(core.length);
    return reportOf(name, 'TASK', described[name]!);
  }),
  reportOf('trigger.Schedule', 'TRIGGER', schedule),
];
