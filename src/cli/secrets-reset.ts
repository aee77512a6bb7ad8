import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeMasterKey, masterKey } from '../auth/key-file.ts';
import { deriveKeys } from '../auth/keys.ts';
import { lostWithout, resetSecrets } from '../bootstrap/lost-key.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import '../resources/index.ts';
import { withStore } from './store.ts';
import { UsageError } from './usage.ts';

export const resetUsage = 'secrets reset [--delete-all-secrets]';

/** Assigns the store to a new master key after the previous one was lost. */
export async function resetCommand(args: readonly string[]): Promise<number> {
  const isConfirmed = args.length === 1 && args[0] === '--delete-all-secrets';
  if (args.length > 0 && !isConfirmed) throw new UsageError(`Usage: gatehouse ${resetUsage}`);
  const config = readConfig();
  const isMissing = config.masterKey === undefined && !existsSync(join(config.dataDir, 'master.key'));
  if (isMissing && !isConfirmed)
    throw new UsageError(
      `With a new master key, all secrets are deleted and all API tokens revoked. If the key is lost for good, stop every gateway, back up the store, and run: gatehouse secrets reset --delete-all-secrets`,
    );
  if (isMissing) makeMasterKey(config.dataDir);
  return withStore(config, createLog(config.log), async (store) => {
    const keys = deriveKeys(masterKey(config.masterKey, config.dataDir), config.formerMasterKeys);
    const lost = await lostWithout(store, keys);
    if (!lost) throw new UsageError('The store already uses this master key. Nothing was changed.');
    const what = `${lost.secrets} secrets and ${lost.tokens} API tokens`;
    if (!isConfirmed)
      throw new UsageError(`${what} are lost with this master key. To delete them, add --delete-all-secrets.`);
    await resetSecrets(store, keys);
    console.log(`The store uses this master key. Deleted: ${what}. Enter the secrets again, and create new tokens.`);
    return 0;
  });
}
