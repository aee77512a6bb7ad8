import { z } from 'zod';
import type { Json } from '../../../lib/json.ts';
import { recordOf } from '../../../lib/models.ts';
import { boundedJson } from '../../rules.ts';

const maxVariables = 500;
const maxDefaults = 200;

const bounded = <T extends z.ZodType>(model: T, what: string) => boundedJson(model, what, 100);

/** Values of `{{ namespace.NAME }}`: any JSON by name. */
export const variables = bounded(
  recordOf(
    z.string().regex(/^[\p{L}_][\p{L}\p{N}_.-]{0,99}(?![\s\S])/u, {
      error:
        'The name of a variable can have at most 100 letters, digits, _, - and dots, and must begin with a letter or _.',
    }),
    z.json(),
    'Variables must be an object of values by name.',
  ).refine((all) => Object.keys(all).length <= maxVariables, `At most ${maxVariables} variables are allowed.`),
  'Variables',
);

/** Default properties for tasks of a type; forced ones override the task. */
export const pluginDefault = z.strictObject({
  type: z
    .string()
    .min(1, 'A type cannot be empty.')
    .max(256, 'A type can have at most 256 characters.')
    .regex(/^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*(?![\s\S])/, {
      error: 'A type must be the name of a task, or of a package of tasks, such as io.company.shell.',
    }),
  forced: z.boolean().default(false),
  values: recordOf(z.string(), z.json(), 'Values must be an object of properties.'),
});

export const pluginDefaults = bounded(
  z
    .array(pluginDefault)
    .max(maxDefaults, `At most ${maxDefaults} plugin defaults are allowed.`)
    .superRefine((all, context) => {
      const seen = new Set<string>();
      for (const [i, { type, forced }] of all.entries()) {
        const key = `${type} ${forced}`;
        if (seen.has(key)) context.addIssue({ code: 'custom', path: [i, 'type'], message: `${type} is given twice.` });
        seen.add(key);
      }
    }),
  'Plugin defaults',
);
export type PluginDefault = z.infer<typeof pluginDefault>;

/** A namespace with its inheritable settings. */
export interface Configured {
  readonly namespace: string;
  readonly variables: unknown;
  readonly pluginDefaults: unknown;
}

export interface InheritedVariable {
  readonly key: string;
  readonly value: Json;
  /** The namespace that sets the value. */
  readonly namespace: string;
}

/**
 * The variables in effect in a namespace: for each name, the whole value of the nearest namespace that sets it. Null is
 * a value.
 * @param chain the namespace and its ancestors, in any order.
 */
export function effectiveVariables(chain: readonly Configured[]): InheritedVariable[] {
  const found = new Map<string, InheritedVariable>();
  for (const { namespace, variables: own } of outermostFirst(chain)) {
    for (const [key, value] of Object.entries(own as Record<string, Json>)) found.set(key, { key, value, namespace });
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export interface InheritedPluginDefault extends PluginDefault {
  /** The namespace that sets it. */
  readonly namespace: string;
}

/**
 * The plugin defaults in effect in a namespace, by precedence: forced ones from the outermost namespace inwards, then
 * the others from the nearest outwards. The first one for a property wins.
 */
export function effectivePluginDefaults(chain: readonly Configured[]): InheritedPluginDefault[] {
  const ordered = outermostFirst(chain);
  const of = ({ namespace, pluginDefaults: own }: Configured) =>
    (own as PluginDefault[]).map((one) => ({ ...one, namespace }));
  return [
    ...ordered.flatMap(of).filter(({ forced }) => forced),
    ...ordered
      .toReversed()
      .flatMap(of)
      .filter(({ forced }) => !forced),
  ];
}

const outermostFirst = (chain: readonly Configured[]): Configured[] =>
  [...chain].sort((a, b) => a.namespace.length - b.namespace.length);
