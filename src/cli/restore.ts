import { resolve } from 'node:path';
import { verifyStore } from '../audit/verify-store.ts';
import { masterKey } from '../auth/key-file.ts';
import { assertMasterKey } from '../auth/master-key-id.ts';
import { type Config, readConfig } from '../config.ts';
import type { Manifest } from '../db/backup/manifest.ts';
import { assertUnused, discardStore, verifyBackup, writeStore } from '../db/backup/restore.ts';
import { createLog } from '../lib/log.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { keysOf } from './audit-checkpoint.ts';
import { progressOf } from './progress.ts';
import { withStore } from './store.ts';
import { type Command, UsageError } from './usage.ts';

const usage = 'restore DIR';

export const restoreCommand: Command = {
  name: 'restore',
  usage,
  description: 'Restore a backup into an unused data folder, and verify it. No gateway runs meanwhile.',
  async run(args) {
    const [folder, ...others] = args;
    if (folder === undefined || folder.startsWith('-') || others.length > 0)
      throw new UsageError(`Usage: gatehouse ${usage}`);
    const config = readConfig();
    if (config.databaseUrl !== undefined)
      throw new OperatorError('A backup is restored into an embedded store. Unset DATABASE_URL.');
    const source = resolve(folder);
    assertUnused(config.dataDir);
    const began = performance.now();
    const manifest = await verifyBackup(source, progressOf('verified', 0).add);
    if (!manifest.hasMasterKey && config.masterKey === undefined)
      throw new OperatorError(
        'The backup does not contain the master key. Set GATEHOUSE_MASTER_KEY to the key of the store that was backed up.',
      );
    const whole = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
    await writeStore(source, manifest, config.dataDir, config.postgresAccount, progressOf('restored', whole).add);
    try {
      const { events, chains } = await check(config, manifest);
      const seconds = (performance.now() - began) / 1_000;
      console.log(
        `${config.dataDir}: ${events} audit events in ${chains} chains are intact, ${(whole / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s`,
      );
      console.log(`It has what was committed until the end of the backup of ${manifest.createdAt}.`);
      console.log(
        'Followers of the audit log that were ahead of it get CURSOR_EXPIRED; destinations of events get the events since then again or in another form.',
      );
      return 0;
    } catch (error) {
      discardStore(config.dataDir);
      throw error;
    }
  },
};

/** Starts the restored store and verifies it. @throws {OperatorError} if it is not what was backed up. */
async function check(config: Config, manifest: Manifest): Promise<{ events: number; chains: number }> {
  masterKey(config.masterKey, config.dataDir);
  return withStore(config, createLog(config.log), async ({ prisma }, connection) => {
    const keys = keysOf(config);
    await assertMasterKey(prisma, keys);
    let events = 0;
    let chains = 0;
    for await (const report of verifyStore(connection, keys.signing, [], undefined)) {
      if (report.faultCount > 0)
        throw new OperatorError(
          `The chain of ${report.tenantId === '' ? 'the instance' : report.tenantKey} has ${report.faultCount} faults. See: gatehouse audit verify`,
        );
      events += report.events;
      chains += 1;
    }
    if (events < manifest.events)
      throw new OperatorError(
        `The store has ${events} audit events, but had ${manifest.events} when the backup began.`,
      );
    return { events, chains };
  });
}
