import { parse } from 'yaml';

/** A task of a flow, as its source declares it. */
export interface Task {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}
export interface Input {
  readonly id: string;
  readonly type: string;
  readonly defaults?: unknown;
}
export interface Flow {
  readonly inputs: readonly Input[];
  readonly variables: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly tasks: readonly Task[];
  readonly errors: readonly Task[];
  readonly finally: readonly Task[];
  readonly outputs: readonly { readonly id: string; readonly value: unknown }[];
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const tasksIn = (value: unknown): readonly Task[] => (Array.isArray(value) ? (value as Task[]) : []);

/** Reads the source of a flow, which Gatehouse has validated. */
export function readFlow(source: string): Flow {
  const read = (parse(source, { logLevel: 'silent' }) ?? {}) as Record<string, unknown>;
  return {
    inputs: Array.isArray(read['inputs']) ? (read['inputs'] as Input[]) : [],
    variables: isMap(read['variables']) ? read['variables'] : {},
    labels: labelsOf(read['labels']),
    tasks: tasksIn(read['tasks']),
    errors: tasksIn(read['errors']),
    finally: tasksIn(read['finally']),
    outputs: Array.isArray(read['outputs']) ? (read['outputs'] as Flow['outputs']) : [],
  };
}

/** Labels as a map, or as a list of keys and values. */
function labelsOf(value: unknown): Record<string, string> {
  const entries = Array.isArray(value)
    ? value.filter(isMap).map((one) => [String(one['key']), String(one['value'])] as const)
    : isMap(value)
      ? Object.entries(value).map(([key, one]) => [key, String(one)] as const)
      : [];
  return Object.fromEntries(entries);
}

/** The given inputs, completed by the defaults of the flow. */
export const withDefaults = (flow: Flow, given: unknown): Record<string, unknown> => ({
  ...Object.fromEntries(flow.inputs.flatMap(({ id, defaults }) => (defaults === undefined ? [] : [[id, defaults]]))),
  ...(isMap(given) ? given : {}),
});

/** Milliseconds of a duration such as PT1.5S. */
export function durationOf(text: string): number {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!match) throw new Error(`${text} is not a duration such as PT5S.`);
  const [d, h, m, s] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number];
  return (((d * 24 + h) * 60 + m) * 60 + s) * 1_000;
}
