import { z } from 'zod';

const greatestCount = 100;
const greatestLength = 1_000;
const key = /^[^\p{Cc}:]{1,100}$/u;

/** Labels as anybody may give them: texts by key. A key has no colon, so that key:value is read in one way only. */
export const labels = z
  .record(
    z.string().regex(key, 'The key of a label has 1 to 100 characters, and no colon.'),
    z
      .string('The value of a label is a text.')
      .max(greatestLength, 'The value of a label has at most 1,000 characters.'),
    'Labels are an object of texts by key.',
  )
  .refine((all) => Object.keys(all).length <= greatestCount, `At most ${greatestCount} labels.`);

/** The same, answered quickly for the many that are as they should be; it does not say why they are not. */
export function areLabels(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  const all = Object.entries(given);
  return (
    all.length <= greatestCount &&
    all.every(([name, value]) => typeof value === 'string' && value.length <= greatestLength && key.test(name))
  );
}

/** Labels as a person may set them: those of the orchestrator itself begin with `system.`. */
export const ownLabels = labels.refine((all) => !Object.keys(all).some((key) => key.startsWith('system.')), {
  error: 'Labels that begin with system. are set by the orchestrator alone.',
});

/** How labels are searched. */
export const labelTexts = (given: unknown): string[] =>
  Object.entries((given ?? {}) as Record<string, string>).map(([key, value]) => `${key}:${value}`);
