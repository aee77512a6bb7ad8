import { z } from 'zod';

/**
 * A model of an object with values by name. A fault of a name has the message of the name's own rule, not `message`.
 */
export const recordOf = <Key extends z.ZodType<string>, Value extends z.ZodType>(
  name: Key,
  value: Value,
  message: string,
) =>
  z.record(name as unknown as z.ZodString, value, {
    error: (issue) =>
      issue.code === 'invalid_key' ? [...new Set(issue.issues.map((own) => own.message))].join(' ') : message,
  });
