import { z } from 'zod';

/** Rules that the inputs of several resources share. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'A name is never empty.')
  .max(200, 'A name has at most 200 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'A name has no control characters.');

export const description = z
  .string()
  .max(2_000, 'A description has at most 2,000 characters.')
  .refine((text) => !text.includes('\0'), 'A description has no NUL characters.')
  .nullish();
