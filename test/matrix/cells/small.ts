import type { Attempting } from '../attempt.ts';
import type { Reading } from '../ways.ts';

export const smallMutations: Record<string, Record<string, Attempting>> = {};

export const smallReads: Record<string, readonly Reading[]> = {};
