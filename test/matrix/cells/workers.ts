import type { Attempting } from '../attempt.ts';
import type { Reading } from '../ways.ts';

export const workerMutations: Record<string, Record<string, Attempting>> = {};

export const workerReads: Record<string, readonly Reading[]> = {};
