import { z } from 'zod';

const kinds: Readonly<Record<string, string>> = {
  string: 'The value must be a string. Put it in quotes.',
  number: 'The value must be a number.',
  int: 'The value must be a whole number.',
  bigint: 'The value must be a whole number.',
  boolean: 'The value must be true or false.',
  array: 'The value must be a list.',
  object: 'The value must be a map of values by name.',
  record: 'The value must be a map of values by name.',
  date: 'The value must be a date.',
  null: 'The value must be null.',
};
const units: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items' };
const sized = (word: string, { origin }: { origin: string }, bound: unknown): string =>
  units[origin]
    ? `The value must have at ${word} ${String(bound)} ${units[origin]}.`
    : `The value must be at ${word} ${String(bound)}.`;

/** Default messages for rules without their own, so that the validator's messages are never returned. */
z.config({
  customError: (issue) => {
    switch (issue.code) {
      case 'invalid_type':
        if (issue.input === undefined || issue.input === null) return 'The field is required.';
        return kinds[issue.expected] ?? 'The value has the wrong type.';
      case 'too_big':
        return sized('most', issue, issue.maximum);
      case 'too_small':
        return sized('least', issue, issue.minimum);
      case 'invalid_value':
        return `The value must be one of ${issue.values.map(String).join(', ')}.`;
      case 'unrecognized_keys':
        return `${issue.keys.join(', ')} is not a known field.`;
      case 'not_multiple_of':
        return `The value must be a multiple of ${issue.divisor}.`;
      case 'invalid_format':
        return 'The value has the wrong format.';
      case 'invalid_union':
        return 'The value matches none of the allowed forms.';
      case 'invalid_key':
      case 'invalid_element':
        return [...new Set(issue.issues.map(({ message }) => message))].join(' ');
      default:
        return 'The value is not allowed.';
    }
  },
});
