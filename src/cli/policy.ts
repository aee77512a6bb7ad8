import { acceptPolicies, loadEngine } from '../bootstrap/policies.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import '../resources/index.ts';
import { newUsage, policyNew } from './policy-new.ts';
import { withStore } from './store.ts';
import { type Command, UsageError } from './usage.ts';

export const policyCommand: Command = {
  name: 'policy',
  usage: `policy accept | ${newUsage}`,
  description: 'Make the policies of the present settings the accepted ones; write a new policy and its test.',
  async run([verb, ...args]) {
    if (verb === 'new') return policyNew(args);
    if (verb !== 'accept') throw new UsageError(`Usage: gatehouse policy accept | ${newUsage}`);
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
