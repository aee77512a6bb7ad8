import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { createBackup, sizeOf } from '../db/backup/create.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { version } from '../version.ts';
import { progressOf } from './progress.ts';
import { openConnection } from './store.ts';
import { type Command, UsageError } from './usage.ts';

const usage = 'backup DIR';

/** How the store of an external database is backed up. */
const external =
  'The store is in the database of DATABASE_URL. Back it up with pg_basebackup or pg_dump, and keep GATEHOUSE_MASTER_KEY with the backup.';

export const backupCommand: Command = {
  name: 'backup',
  usage,
  description: 'Copy the embedded store into a new folder, while the gateway runs.',
  async run(args) {
    const [folder, ...others] = args;
    if (folder === undefined || folder.startsWith('-') || others.length > 0)
      throw new UsageError(`Usage: gatehouse ${usage}`);
    const config = readConfig();
    if (config.databaseUrl !== undefined) throw new OperatorError(external);
    const target = resolve(folder);
    const { connection, embedded } = await openConnection(config);
    try {
      const whole = await sizeOf(resolve(config.dataDir, 'postgres', 'base')).catch(() => 0);
      const began = performance.now();
      const progress = progressOf('copied', whole);
      const { files, events, hasMasterKey } = await createBackup(target, {
        dataDir: config.dataDir,
        version,
        connection,
        progress: progress.add,
      });
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0) + statSync(resolve(target, 'backup.json')).size;
      const seconds = (performance.now() - began) / 1_000;
      console.log(
        `${target}: ${files.length} files, ${(bytes / 1e6).toFixed(0)} MB, at least ${events} audit events, in ${seconds.toFixed(1)} s`,
      );
      console.log(
        hasMasterKey
          ? 'It contains the master key and the password of the database: keep it as safe as the store.'
          : 'It does not contain the master key, which is in GATEHOUSE_MASTER_KEY: without this key, the backup cannot be used.',
      );
      return 0;
    } finally {
      if (embedded && !embedded.adopted) await embedded.stop();
    }
  },
};
