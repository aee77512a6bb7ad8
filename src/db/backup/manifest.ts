import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../lib/operator-error.ts';

export const manifestFile = 'backup.json';

const model = z.strictObject({
  format: z.literal(1),
  /** Version of Gatehouse. */
  version: z.string(),
  /** Major version of PostgreSQL. */
  postgres: z.string(),
  createdAt: z.iso.datetime(),
  /** Positions in the write-ahead log: the backup has every transaction that was committed before the second. */
  startLsn: z.string(),
  stopLsn: z.string(),
  /** Number of audit events when the backup began. */
  events: z.int().min(0),
  /** True if the master key is a file of the data folder, and so part of the backup. */
  hasMasterKey: z.boolean(),
  files: z.array(
    z.strictObject({
      path: z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'must be within the backup'),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Manifest = z.infer<typeof model>;
export type BackupFile = Manifest['files'][number];

/** @throws {OperatorError} if the folder is not a complete backup. */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestFile);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(
      `${path} cannot be read (${(error as Error).message}). Only a complete backup has this file.`,
    );
  }
  try {
    return model.parse(JSON.parse(text));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const fault = issue ? `${issue.path.join('.')} ${issue.message}` : (error as Error).message;
    throw new OperatorError(`${path} is not the description of a backup of this version of Gatehouse: ${fault}.`);
  }
}
