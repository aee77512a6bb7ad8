import { acceptPolicies, loadEngine } from '../bootstrap/policies.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import '../resources/index.ts';
import { policyTest } from './policy-test.ts';
import { withStore } from './store.ts';
import { type Command, UsageError } from './usage.ts';

export const policyCommand: Command = {
  name: 'policy',
  usage: 'policy (accept | test FILE…)',
  description: 'Make the policies of the present settings the accepted ones; run tests of policies.',
  async run([verb, ...rest]) {
    if (verb === 'test') return policyTest(rest);
    if (verb !== 'accept') throw new UsageError('Usage: gatehouse policy (accept | test FILE…)');
    const config = readConfig();
    return withStore(config, createLog(config.log), async (store) => {
      const engine = await loadEngine(config, store.prisma);
      const changed = await acceptPolicies(store, engine, { onlyFirst: false });
      const off = engine.set.disabled.length > 0 ? `; switched off: ${engine.set.disabled.join(', ')}` : '';
      console.log(changed ? `accepted: ${engine.fingerprint}${off}` : `already accepted: ${engine.fingerprint}`);
      return 0;
    });
  },
};
