import { z } from 'zod';
import { recordOf } from '../../lib/models.ts';

/** Max labels of a flow's source, of a user's execution, of a backfill. */
const maxCount = 100;
/** Max labels that an engine reports: of the flow, of the starter, and the orchestrator's own. */
export const maxReported = 500;
const maxLength = 1_000;
const key = /^[^\p{Cc}:]{1,200}(?![\s\S])/u;
const keyFault = 'The key of a label must have 1 to 200 characters, without colons and control characters.';
export const lengthFault = 'The value of a label can have at most 1,000 characters.';

/** Rules for label keys. A key has no colon, so that key:value is unambiguous. */
export const labelKey = z.string().regex(key, keyFault);
const text = z.string('The value of a label must be a text.').max(maxLength, lengthFault);
const object = recordOf(labelKey, text, 'Labels must be an object of text values by key.');

export const countFault = (most: number = maxCount): string => `At most ${most} labels are allowed.`;
export const hasAtMost =
  (most: number = maxCount) =>
  (all: object): boolean =>
    Object.keys(all).length <= most;

/** Labels in a report of an engine. */
export const reportedLabels = object.refine(hasAtMost(maxReported), countFault(maxReported));

/** Fast check of valid labels, without a message. */
export function areLabels(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  const all = Object.entries(given);
  return (
    all.length <= maxReported &&
    all.every(([name, value]) => typeof value === 'string' && value.length <= maxLength && key.test(name))
  );
}

export const isSystem = (name: string): boolean => name.startsWith('system.');

/** Labels that a user can set. Those that begin with `system.` belong to the orchestrator. */
export const ownLabels = object.refine(hasAtMost(), countFault()).refine((all) => !Object.keys(all).some(isSystem), {
  error: 'Only the orchestrator sets labels that begin with system.',
});

/** Searchable form of labels. */
export const labelTexts = (given: unknown): string[] =>
  Object.entries((given ?? {}) as Record<string, string>).map(([name, value]) => `${name}:${value}`);
