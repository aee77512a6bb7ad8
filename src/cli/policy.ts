import { acceptFile, policiesOfFile } from '../bootstrap/policies.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import '../resources/index.ts';
import { withStore } from './store.ts';
import { type Command, UsageError } from './usage.ts';

export const policyCommand: Command = {
  name: 'policy',
  usage: 'policy accept',
  description: 'Make the policies of the present settings the accepted ones.',
  async run([verb]) {
    if (verb !== 'accept') throw new UsageError('Usage: gatehouse policy accept');
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
  },
};
