import { makeCheckpoints, newestCheckpoints } from '../audit/checkpoints.ts';
import { checkpointLine } from '../audit/export-line.ts';
import { masterKey } from '../auth/key-file.ts';
import { deriveKeys, type Keys } from '../auth/keys.ts';
import { assertMasterKey } from '../auth/master-key-id.ts';
import { type Config, readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import { pemOf } from '../lib/signing.ts';
import { withStore } from './store.ts';
import { UsageError } from './usage.ts';

export const keysOf = (config: Config): Keys =>
  deriveKeys(masterKey(config.masterKey, config.dataDir), config.formerMasterKeys);

/** Creates a checkpoint of every chain with new events, and prints the latest of every chain, to keep elsewhere. */
export async function checkpoint(args: readonly string[]): Promise<number> {
  if (args.length > 0) throw new UsageError('Usage: gatehouse audit checkpoint > FILE');
  const config = readConfig();
  return withStore(config, createLog(config.log), async ({ prisma }) => {
    const keys = keysOf(config);
    await assertMasterKey(prisma, keys);
    await makeCheckpoints(prisma, keys.signing[0]);
    for (const statement of await newestCheckpoints(prisma)) process.stdout.write(checkpointLine(statement));
    return 0;
  });
}

/** Prints the public keys that verify checkpoints: the current one, then former ones. */
export async function publicKey(args: readonly string[]): Promise<number> {
  if (args.length > 0) throw new UsageError('Usage: gatehouse audit key > FILE');
  for (const key of keysOf(readConfig()).signing) process.stdout.write(pemOf(key));
  return 0;
}
