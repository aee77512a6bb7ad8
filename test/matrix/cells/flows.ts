import type { Attempting } from '../attempt.ts';
import type { Reading } from '../ways.ts';

export const flowMutations: Record<string, Record<string, Attempting>> = {};

export const flowReads: Record<string, readonly Reading[]> = {};
