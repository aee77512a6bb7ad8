import { z } from 'zod';

/** An object of values by name. What is wrong with a name is told by the rule of the names, and not by `message`. */
export const recordOf = <Key extends z.ZodType<string>, Value extends z.ZodType>(
  name: Key,
  value: Value,
  message: string,
) =>
  z.record(name as unknown as z.ZodString, value, {
    error: (issue) =>
      issue.code === 'invalid_key' ? [...new Set(issue.issues.map((own) => own.message))].join(' ') : message,
  });
