import { z } from 'zod';
import { countFault, hasAtMost, isSystem, labelKey, lengthFault } from '../labels.ts';

/** The only system label that a source can set: it makes a flow read-only in the editor. */
const ofSources = new Set(['system.readOnly']);
const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shape = 'Labels must be a map of text values, or a list of key and value.';

interface Given {
  readonly key: string;
  readonly value: unknown;
  readonly keyAt: (string | number)[];
  readonly valueAt: (string | number)[];
}

/** Reads both forms of labels; undefined if it is neither. */
function given(labels: unknown): Given[] | undefined {
  if (isMap(labels))
    return Object.entries(labels).map(([key, value]) => ({ key, value, keyAt: [key], valueAt: [key] }));
  if (!Array.isArray(labels) || !labels.every((item) => isMap(item) && isScalar(item['key']) && 'value' in item))
    return undefined;
  return labels.map(({ key, value }, i) => ({ key: String(key), value, keyAt: [i, 'key'], valueAt: [i, 'value'] }));
}

function faultOfKey(key: string): string | undefined {
  if (isSystem(key) && !ofSources.has(key))
    return `Only the orchestrator sets the label ${key}. A source can set only ${[...ofSources].join()}.`;
  return labelKey.safeParse(key).error?.issues[0]?.message;
}

/** A map, or a list of { key, value }. The rules are those of executions, which inherit the labels. */
export const sourceLabels = z.unknown().transform((labels, context): Record<string, string> => {
  const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (labels === null) return {};
  const all = given(labels);
  if (!all) {
    fault([], shape);
    return {};
  }
  const found = new Map<string, string>();
  for (const { key, value, keyAt, valueAt } of all) {
    const wrong = faultOfKey(key);
    if (wrong !== undefined) fault(keyAt, wrong);
    if (found.has(key)) fault(keyAt, `The label ${key} is given twice.`);
    if (!isScalar(value)) fault(valueAt, 'The value of a label must be a text, a number, true or false.');
    else if (String(value).length > 1_000) fault(valueAt, lengthFault);
    found.set(key, String(value));
  }
  const read = Object.fromEntries(found);
  if (!hasAtMost()(read)) fault([], countFault());
  return read;
});
