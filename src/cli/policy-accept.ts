import { acceptFile, policiesOfFile } from '../bootstrap/policies.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import { withStore } from './store.ts';

/** Puts the policies of the present settings in force, as the host's own decision. */
export async function policyAccept(): Promise<number> {
  const config = readConfig();
  return withStore(config, createLog(config.log), async (store) => {
    const prepared = await policiesOfFile(store, config);
    const reason = 'policy accept on the command line';
    const changed = await acceptFile(store, config, prepared, { reason, mayLose: true });
    const { set, fingerprint } = prepared;
    const off = set.disabled.length > 0 ? `; switched off: ${set.disabled.join(', ')}` : '';
    console.log(changed ? `accepted: ${fingerprint}${off}` : `already accepted: ${fingerprint}`);
    return 0;
  });
}
