import { z } from 'zod';
import type { Issue } from '../../../errors.ts';
import { unstorableAt } from '../../../lib/text-file.ts';
import { issuesOf, type LineOf, readYaml } from '../../../lib/yaml.ts';
import { yamlDocuments } from '../../../lib/yaml-documents.ts';
import { namespaceName } from '../namespace/service.ts';
import { type DeclaredTrigger, readTriggers } from '../trigger/declared.ts';
import { sourceLabels } from './source-labels.ts';
import { type FlowTask, missing, readTasks } from './tasks.ts';

/** Max bytes of a source. A source with every feature has a few thousand. */
export const maxSource = 500_000;
/** Max tokens. Published flows have about a thousand, 2,000 tasks about 50,000; a line of a map has nine. */
const limits = { depth: 60, bytes: 4_000_000, tokens: 80_000 };

export const flowId = z
  .string({ error: missing('A flow requires an id.') })
  .max(100, 'A flow ID can have at most 100 characters.')
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*(?![\s\S])/, {
    error: 'A flow ID can contain letters, digits, dots, _ and -, and must begin with a letter or digit.',
  });

const list = z.array(z.unknown(), { error: missing('The field is required.', 'The value must be a list.') });
/** Older flows use name for id. */
const input = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && 'name' in value && !('id' in value)
      ? { id: value.name, ...value }
      : value,
  z.looseObject({
    id: z.string({ error: missing('An input requires an id.') }),
    type: z.string({ error: missing('An input requires a type.') }),
  }),
);

/** The part of a source that Gatehouse reads. The rest belongs to the orchestrator. */
const model = z.looseObject(
  {
    id: flowId,
    namespace: z.string({ error: missing('A flow requires a namespace.') }).pipe(namespaceName),
    description: z.string('A description must be a text.').nullish(),
    disabled: z.boolean('disabled must be true or false.').nullish(),
    labels: sourceLabels.optional(),
    inputs: z
      .array(input, 'Inputs must be a list.')
      .superRefine((inputs, context) => {
        const seen = new Set<string>();
        for (const [i, { id }] of inputs.entries()) {
          if (seen.has(id))
            context.addIssue({ code: 'custom', path: [i, 'id'], message: `The input ${id} is given twice.` });
          seen.add(id);
        }
      })
      .nullish(),
    tasks: list.min(1, 'A flow requires at least one task.'),
    errors: list.nullish(),
    finally: list.nullish(),
    afterExecution: list.nullish(),
    listeners: list.nullish(),
  },
  'A flow must be a map with id, namespace and tasks.',
);

/** A parsed source. */
export interface FlowSource {
  readonly namespace: string;
  readonly flowId: string;
  readonly description: string | null;
  readonly disabled: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly inputs: readonly z.infer<typeof input>[];
  /** All tasks, including nested ones, in source order. */
  readonly tasks: readonly FlowTask[];
  readonly triggers: readonly DeclaredTrigger[];
  readonly lineOf: LineOf;
}

export type ReadFlow =
  | { readonly ok: true; readonly flow: FlowSource }
  | { readonly ok: false; readonly issues: Issue[] };

/**
 * Parses the source of a flow: YAML, names, tasks and triggers. Task types are not checked, since Gatehouse does not
 * run them.
 * @returns the parsed source, or all errors with their lines.
 */
export function readFlow(source: string): ReadFlow {
  if (Buffer.byteLength(source) > maxSource)
    return { ok: false, issues: [{ path: [], message: `A flow can have at most ${maxSource} bytes.`, line: 1 }] };
  const odd = unstorableAt(source);
  if (odd) {
    const message = `The character ${odd.name} in column ${odd.column} cannot be stored. Remove it.`;
    return { ok: false, issues: [{ path: [], message, line: odd.line }] };
  }
  const [, second] = yamlDocuments(source);
  if (second) {
    const message = 'A flow must be a single document. Use importFlows for several documents.';
    return { ok: false, issues: [{ path: [], message, line: second.line }] };
  }
  const read = readYaml(source, limits);
  if ('issues' in read) return { ok: false, issues: byLine(read.issues) };
  const { value, lineOf } = read;
  const head = model.safeParse(value ?? {});
  const issues = head.success ? [] : issuesOf(head.error, lineOf);
  const parts = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const tasks = readTasks(parts, read, issues);
  const triggers = readTriggers(parts['triggers'], String(parts['namespace'] ?? ''), lineOf, issues);
  if (!head.success || issues.length > 0) return { ok: false, issues: byLine(issues) };
  const { id, namespace, description, disabled, labels: given, inputs } = head.data;
  return {
    ok: true,
    flow: {
      namespace,
      flowId: id,
      description: description ?? null,
      disabled: disabled ?? false,
      labels: given ?? {},
      inputs: inputs ?? [],
      tasks,
      triggers,
      lineOf,
    },
  };
}

/** The tasks and triggers of a saved source, as far as they are valid: the rules may have become stricter. */
export function partsOfSaved(source: string): Pick<FlowSource, 'tasks' | 'triggers'> {
  const read = readYaml(source, limits);
  if ('issues' in read || typeof read.value !== 'object' || read.value === null) return { tasks: [], triggers: [] };
  const parts = read.value as Record<string, unknown>;
  const namespace = String(parts['namespace'] ?? '');
  return { tasks: readTasks(parts, read, []), triggers: readTriggers(parts['triggers'], namespace, read.lineOf, []) };
}

/** A text of nothing but errors has very many. */
const maxIssues = 100;
const byLine = (issues: readonly Issue[]): Issue[] =>
  issues.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, maxIssues);
