import { acceptFile, policiesOfFile } from '../bootstrap/policies.ts';
import { assertSettings, readSettings } from '../bootstrap/settings.ts';
import { createLog } from '../lib/log.ts';
import { withStore } from './store.ts';
import { assertNoArguments } from './usage.ts';

/** Puts the policies of the current settings in force, as a decision of the host. */
export async function policyAccept(args: readonly string[]): Promise<number> {
  assertNoArguments('policy accept', args);
  const config = await readSettings();
  return withStore(
    config,
    createLog(config.log),
    async (store) => {
      const prepared = await policiesOfFile(store, config);
      const reason = 'policy accept on the command line';
      const changed = await acceptFile(store, config, prepared, { reason, mayLose: true });
      const { set, fingerprint } = prepared;
      const off = set.disabled.length > 0 ? `; disabled: ${set.disabled.join(', ')}` : '';
      console.log(changed ? `accepted: ${fingerprint}${off}` : `already accepted: ${fingerprint}`);
      return 0;
    },
    (connection) => assertSettings(config, connection, true),
  );
}
