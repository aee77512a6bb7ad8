import type { Attempting } from '../attempt.ts';
import type { Reading } from '../ways.ts';

export const executionMutations: Record<string, Record<string, Attempting>> = {};

export const executionReads: Record<string, readonly Reading[]> = {};
