import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempting } from './attempt.ts';
import type { Reading } from './ways.ts';

/** The cells of some resources: every way to read each one, and every mutation of each permission. */
export interface Cells {
  readonly reads?: Record<string, readonly Reading[]>;
  readonly mutations?: Record<string, Record<string, Attempting>>;
}

const folder = join(import.meta.dirname, 'cells');
/** Those of every file in the folder `cells`. */
export const cells: readonly Cells[] = await Promise.all(
  readdirSync(folder)
    .sort()
    .map((file) => import(join(folder, file)) as Promise<Cells>),
);
