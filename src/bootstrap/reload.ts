import type { App } from '../app.ts';
import { ConfigError } from '../config.ts';
import { canonicalJson } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { disposeOf } from '../policy/load/live-policies.ts';
import { PolicyLoadError } from '../policy/load/load.ts';
import { acceptFile, policiesOfFile } from './policies.ts';
import { readSettings } from './settings.ts';

/** Reads the settings anew and puts those of policies in force for every gateway. A fault is told; nothing changes then. */
export async function reloadPolicies({ store, freshness, config }: App, log: Log): Promise<void> {
  try {
    const next = await readSettings();
    // From the folders of this start: other gateways, and this one, load them from theirs.
    const prepared = await policiesOfFile(store, {
      ...next,
      policyFolders: config.policyFolders,
      policyFiles: config.policyFiles,
    });
    const changed = await acceptFile(store, next, prepared, { reason: 'SIGHUP' });
    // Every gateway loads what is in force for itself.
    await disposeOf(prepared.set, log);
    await freshness.confirm();
    log.info(changed ? 'the policies of the file are in force' : 'the policies of the file were in force already');
    if (canonicalJson({ ...next, policies: 0, mayGrant: 0 }) !== canonicalJson({ ...config, policies: 0, mayGrant: 0 }))
      log.info('other settings changed as well: they take a restart');
  } catch (error) {
    const faults =
      error instanceof PolicyLoadError || error instanceof ConfigError ? error.faults : [(error as Error).message];
    log.error('the settings were not taken over; all stays as it was', { faults });
  }
}
