import { z } from 'zod';

const kinds: Readonly<Record<string, string>> = {
  string: 'This is a text: put it in quotes.',
  number: 'This is a number.',
  int: 'This is a whole number.',
  bigint: 'This is a whole number.',
  boolean: 'This is true or false.',
  array: 'This is a list.',
  object: 'This is a map of values by name.',
  record: 'This is a map of values by name.',
  date: 'This is a date.',
  null: 'This is null.',
};
const units: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items' };
const sized = (word: string, { origin }: { origin: string }, bound: unknown): string =>
  units[origin] ? `This has at ${word} ${String(bound)} ${units[origin]}.` : `This is at ${word} ${String(bound)}.`;

/** What is said where a rule has no words of its own: the words of the validator never reach a person. */
z.config({
  customError: (issue) => {
    switch (issue.code) {
      case 'invalid_type':
        if (issue.input === undefined || issue.input === null) return 'This is missing.';
        return kinds[issue.expected] ?? 'This is of another kind.';
      case 'too_big':
        return sized('most', issue, issue.maximum);
      case 'too_small':
        return sized('least', issue, issue.minimum);
      case 'invalid_value':
        return `This is one of ${issue.values.map(String).join(', ')}.`;
      case 'unrecognized_keys':
        return `${issue.keys.join(', ')} is not known here.`;
      case 'not_multiple_of':
        return `This is a multiple of ${issue.divisor}.`;
      case 'invalid_format':
        return 'This is not written as it is needed here.';
      case 'invalid_union':
        return 'This is none of what can stand here.';
      case 'invalid_key':
      case 'invalid_element':
        return [...new Set(issue.issues.map(({ message }) => message))].join(' ');
      default:
        return 'This cannot stand here.';
    }
  },
});
