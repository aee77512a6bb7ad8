import { z } from 'zod';
import { skeleton } from '../lib/look-alike.ts';
import { fold } from '../lib/text.ts';

/** Rules that the inputs of several resources share. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'A name is never empty.')
  .max(200, 'A name has at most 200 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'A name has no control characters.')
  // Names are compared in a form in which one character can become eighteen.
  .refine((name) => fold(name).length <= 200, 'A name has at most 200 characters, as it is compared.');

export const description = z
  .string()
  .max(2_000, 'A description has at most 2,000 characters.')
  .refine((text) => !text.includes('\0'), 'A description has no NUL characters.')
  .nullish();

/** Names by which the audit log calls the gateway itself, and callers who did not sign in. */
const reserved = new Set(['system', 'gatehouse', 'anonymous'].map(skeleton));
export const isReserved = (name: string): boolean => reserved.has(skeleton(name));

/** What a tenant is called in paths and settings. */
export const tenantKey = z
  .string()
  .max(100, 'A key has at most 100 characters.')
  .regex(/^[a-z0-9][a-z0-9_-]*(?![\s\S])/, 'A key has a-z, 0-9, _ and -, and begins with a letter or digit.');

export const username = displayName
  .max(100, 'A user name has at most 100 characters.')
  .regex(/^[^\s:]+$/, 'A user name has no blanks and no colon.');

export const email = z.email('This is no e-mail address.').max(254);

export const personName = z
  .string()
  .trim()
  .max(100, 'A name has at most 100 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'A name has no control characters.')
  .nullish();

const maxDepth = 20;
const isFlat = (value: unknown, depth = 0): boolean =>
  typeof value !== 'object' || value === null
    ? true
    : depth < maxDepth && Object.values(value).every((member) => isFlat(member, depth + 1));

/** JSON of a limited depth and size (in thousands of bytes). */
export const boundedJson = <T extends z.ZodType>(model: T, what: string, kilobytes: number): T =>
  model
    .refine((value) => isFlat(value), `${what} are nested at most ${maxDepth} deep.`)
    .refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= kilobytes * 1_000,
      `${what} take at most ${kilobytes} kB.`,
    );
