import { type CompletionContext, type CompletionResult, snippetCompletion } from '@codemirror/autocomplete';

const core = 'io.kestra.plugin.core';

interface Snippet {
  readonly title: string;
  readonly detail: string;
  /** A part of a flow. `#{1:name}` marks what to fill in. */
  readonly text: string;
}

const task = (title: string, type: string, detail: string, more: string): Snippet => ({
  title,
  detail,
  text: `- id: #{1:${title.toLowerCase().replaceAll(/\W+/g, '_')}}\n  type: ${core}.${type}\n${more}`,
});

/** Parts of a flow that are often written. */
export const snippets: readonly Snippet[] = [
  task('Log a message', 'log.Log', 'Task', '  message: #{2:Hello}'),
  task('Return a value', 'debug.Return', 'Task', '  format: "#{2:value}"'),
  task('HTTP request', 'http.Request', 'Task', '  uri: #{2:https://example.com}\n  method: GET'),
  task('Download a file', 'http.Download', 'Task', '  uri: #{2:https://example.com/file.csv}'),
  task(
    'In parallel',
    'flow.Parallel',
    'Task with tasks',
    '  concurrent: 2\n  tasks:\n    - id: #{2:one}\n      type: io.kestra.plugin.core.log.Log\n      message: one',
  ),
  task(
    'For each value',
    'flow.ForEach',
    'Task with tasks',
    '  values: #{2:["a", "b"]}\n  tasks:\n    - id: #{3:each}\n      type: io.kestra.plugin.core.log.Log\n      message: "{{ taskrun.value }}"',
  ),
  task(
    'If',
    'flow.If',
    'Task with tasks',
    '  condition: "{{ inputs.ok }}"\n  then:\n    - id: #{2:yes}\n      type: io.kestra.plugin.core.log.Log\n      message: yes',
  ),
  task('Subflow', 'flow.Subflow', 'Task', '  namespace: #{2:company.team}\n  flowId: #{3:other}\n  wait: true'),
  task('Pause', 'flow.Pause', 'Task', '  onResume:\n    - id: #{2:comment}\n      type: STRING\n      required: false'),
  task('Fail', 'execution.Fail', 'Task', '  errorMessage: #{2:It failed.}'),
  {
    title: 'Schedule',
    detail: 'Trigger',
    text: `triggers:\n  - id: #{1:every_morning}\n    type: ${core}.trigger.Schedule\n    cron: "#{2:0 6 * * *}"`,
  },
  {
    title: 'Webhook',
    detail: 'Trigger',
    text: `triggers:\n  - id: #{1:webhook}\n    type: ${core}.trigger.Webhook\n    key: #{2:a-long-secret-key}`,
  },
  {
    title: 'After another flow',
    detail: 'Trigger',
    text: `triggers:\n  - id: #{1:after}\n    type: ${core}.trigger.Flow\n    conditions:\n      - type: ${core}.condition.ExecutionFlow\n        namespace: #{2:company.team}\n        flowId: #{3:other}`,
  },
  {
    title: 'Input',
    detail: 'Input',
    text: 'inputs:\n  - id: #{1:name}\n    type: #{2:STRING}\n    defaults: #{3:World}',
  },
  {
    title: 'On failure',
    detail: 'Tasks',
    text: `errors:\n  - id: #{1:alarm}\n    type: ${core}.log.Log\n    level: ERROR\n    message: #{2:The flow failed.}`,
  },
];

const known = [
  'log.Log',
  'debug.Return',
  'output.OutputValues',
  'metric.Publish',
  'execution.Fail',
  'flow.Sleep',
  'flow.Sequential',
  'flow.Parallel',
  'flow.ForEach',
  'flow.If',
  'flow.Switch',
  'flow.AllowFailure',
  'flow.Subflow',
  'flow.Pause',
  'http.Request',
  'http.Download',
  'trigger.Schedule',
  'trigger.Webhook',
  'trigger.Flow',
].map((name) => `${core}.${name}`);

const options = snippets.map(({ title, detail, text }) =>
  snippetCompletion(text, { label: title, detail, type: 'text' }),
);

/** Completes types of tasks after `type:`, and parts of a flow at the start of a line. @param more types in use. */
export const completionOf =
  (more: readonly string[]) =>
  (context: CompletionContext): CompletionResult | null => {
    const type = context.matchBefore(/type:\s*[\w.]*/);
    if (type) {
      const from = type.from + type.text.search(/[\w.]*$/);
      const types = [...new Set([...known, ...more])].sort();
      return { from, options: types.map((label) => ({ label, type: 'class' })), validFor: /^[\w.]*$/ };
    }
    const word = context.matchBefore(/^\s*-?\s*\w*/);
    if (!word || (word.text.trim() === '' && !context.explicit)) return null;
    const from = word.from + word.text.search(/\S|$/);
    return { from, options, validFor: /^-?\s*\w*$/ };
  };
