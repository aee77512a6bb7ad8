import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupFile } from './manifest.ts';

const chunkBytes = 1_048_576;

/** Called after each chunk, with its bytes. */
export type Progress = (bytes: number) => void;

/** Reads a file from its beginning. @returns its bytes and hash. */
async function each(source: FileHandle, take: (chunk: Buffer) => Promise<unknown>): Promise<Omit<BackupFile, 'path'>> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await source.read(chunk, 0, chunkBytes, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
    const part = chunk.subarray(0, bytesRead);
    hash.update(part);
    await take(part);
    bytes += bytesRead;
  }
}

/**
 * Copies a file into a folder that it creates, with its contents on disk. Only its owner can read it.
 * @returns undefined if the file does not exist any more: a running database deletes files.
 */
export async function copyFile(
  from: string,
  to: string,
  progress: Progress = () => undefined,
): Promise<Omit<BackupFile, 'path'> | undefined> {
  let source: FileHandle;
  try {
    source = await open(from, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    const target = await open(to, 'wx', 0o600);
    try {
      const read = await each(source, async (part) => {
        await target.write(part);
        progress(part.length);
      });
      await target.sync();
      return read;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The bytes and the hash of a file. */
export async function hashFile(path: string, progress: Progress = () => undefined): Promise<Omit<BackupFile, 'path'>> {
  const source = await open(path, 'r');
  try {
    return await each(source, async (part) => progress(part.length));
  } finally {
    await source.close();
  }
}

export interface Entry {
  readonly path: string;
  readonly isFolder: boolean;
}

/** All folders and files below a folder, as relative paths. Links and sockets are omitted. */
export async function* walk(root: string, skip: (path: string) => boolean, path = ''): AsyncGenerator<Entry> {
  for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
    const own = path === '' ? entry.name : `${path}/${entry.name}`;
    if (skip(own)) continue;
    if (entry.isDirectory()) {
      yield { path: own, isFolder: true };
      yield* walk(root, skip, own);
    } else if (entry.isFile()) yield { path: own, isFolder: false };
  }
}
