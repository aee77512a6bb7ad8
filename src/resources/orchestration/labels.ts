import { z } from 'zod';
import { recordOf } from '../../lib/models.ts';

/** Of a flow's source, of an execution that a person starts, of a backfill. */
const maxCount = 100;
/** Of an execution as its engine tells it: those of its flow, of who started it, and the orchestrator's own. */
export const maxReported = 500;
const maxLength = 1_000;
const key = /^[^\p{Cc}:]{1,200}(?![\s\S])/u;
const keyFault = 'The key of a label has 1 to 200 characters, no colon and no control characters.';
export const lengthFault = 'The value of a label has at most 1,000 characters.';

/** The one rule for keys of labels. A key has no colon, so that key:value is read in one way only. */
export const labelKey = z.string().regex(key, keyFault);
const text = z.string('The value of a label is a text.').max(maxLength, lengthFault);
const object = recordOf(labelKey, text, 'Labels are an object of texts by key.');

export const countFault = (most: number = maxCount): string => `There are at most ${most} labels.`;
export const hasAtMost =
  (most: number = maxCount) =>
  (all: object): boolean =>
    Object.keys(all).length <= most;

/** Labels as an engine tells them. */
export const reportedLabels = object.refine(hasAtMost(maxReported), countFault(maxReported));

/** The same, answered quickly for the many that are as they should be; it does not say why they are not. */
export function areLabels(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  const all = Object.entries(given);
  return (
    all.length <= maxReported &&
    all.every(([name, value]) => typeof value === 'string' && value.length <= maxLength && key.test(name))
  );
}

export const isSystem = (name: string): boolean => name.startsWith('system.');

/** Labels as a person may give them: those of the orchestrator itself begin with `system.`. */
export const ownLabels = object.refine(hasAtMost(), countFault()).refine((all) => !Object.keys(all).some(isSystem), {
  error: 'Labels that begin with system. are set by the orchestrator alone.',
});

/** How labels are searched. */
export const labelTexts = (given: unknown): string[] =>
  Object.entries((given ?? {}) as Record<string, string>).map(([name, value]) => `${name}:${value}`);
