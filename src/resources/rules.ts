import { z } from 'zod';
import { skeleton } from '../lib/look-alike.ts';
import { fold } from '../lib/text.ts';

/** Rules that the inputs of several resources share. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'A name cannot be empty.')
  .max(200, 'A name can have at most 200 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'A name cannot contain control characters.')
  // Names are compared in a normalized form, in which one character can become eighteen.
  .refine((name) => fold(name).length <= 200, 'A name can have at most 200 characters in its normalized form.');

export const description = z
  .string()
  .max(2_000, 'A description can have at most 2,000 characters.')
  .refine((text) => !text.includes('\0'), 'A description cannot contain NUL characters.')
  .nullish();

/** Names of the gateway itself and of unauthenticated callers in the audit log. */
const reserved = new Set(['system', 'gatehouse', 'anonymous'].map(skeleton));
export const isReserved = (name: string): boolean => reserved.has(skeleton(name));

/** Key of a tenant, used in paths and settings. */
export const tenantKey = z
  .string()
  .max(100, 'A key can have at most 100 characters.')
  .regex(
    /^[a-z0-9][a-z0-9_-]*(?![\s\S])/,
    'A key can contain a-z, 0-9, _ and -, and must begin with a letter or digit.',
  );

export const username = displayName
  .max(100, 'A user name can have at most 100 characters.')
  .regex(/^[^\s:]+$/, 'A user name cannot contain spaces or colons.');

export const email = z.email('The e-mail address is invalid.').max(254);

export const personName = z
  .string()
  .trim()
  .max(100, 'A name can have at most 100 characters.')
  .regex(/^[^\p{Cc}]*$/u, 'A name cannot contain control characters.')
  .nullish();

const maxDepth = 20;
const isFlat = (value: unknown, depth = 0): boolean =>
  typeof value !== 'object' || value === null
    ? true
    : depth < maxDepth && Object.values(value).every((member) => isFlat(member, depth + 1));

/** JSON of a limited depth and size (in thousands of bytes). */
export const boundedJson = <T extends z.ZodType>(model: T, what: string, kilobytes: number): T =>
  model
    .refine((value) => isFlat(value), `${what} can be nested at most ${maxDepth} levels deep.`)
    .refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= kilobytes * 1_000,
      `${what} can have at most ${kilobytes} kB.`,
    );
