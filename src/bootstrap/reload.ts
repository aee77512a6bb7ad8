import type { App } from '../app.ts';
import { ConfigError } from '../config.ts';
import { canonicalJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { disposeOf } from '../policy/load/live-policies.ts';
import { PolicyLoadError } from '../policy/load/load.ts';
import { acceptFile, policiesOfFile } from './policies.ts';
import { readSettings } from './settings.ts';

/**
 * Reads the settings again and puts those of policies in force for every gateway. On a fault, it logs and changes
 * nothing.
 */
export async function reloadPolicies({ store, freshness, config }: App, log: Log): Promise<void> {
  try {
    const next = await readSettings();
    // With the folders from this start: all gateways load the policies from their own.
    const prepared = await policiesOfFile(store, {
      ...next,
      policyFolders: config.policyFolders,
      policyFiles: config.policyFiles,
    });
    const changed = await acceptFile(store, next, prepared, { reason: 'SIGHUP' });
    // Every gateway loads the policies in force separately.
    await disposeOf(prepared.set, log);
    await freshness.confirm();
    log.info(changed ? 'the policies of the file are in force' : 'the policies of the file were already in force');
    if (canonicalJson({ ...next, policies: 0, mayGrant: 0 }) !== canonicalJson({ ...config, policies: 0, mayGrant: 0 }))
      log.info('other settings changed as well; restart the gateway to apply them');
  } catch (error) {
    const faults =
      error instanceof PolicyLoadError || error instanceof ConfigError ? error.faults : [(error as Error).message];
    log.error('the settings are invalid and were not applied; the current ones remain in force', { faults });
  }
}
