import { join, resolve } from 'node:path';
import { acceptPolicies } from '../bootstrap/policies.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import { Engine } from '../policy/engine.ts';
import { loadPolicies } from '../policy/load.ts';
import { fingerprintOf } from '../policy/policy-set.ts';
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
      const groups = await store.prisma.group.findMany({
        select: { id: true, name: true, tenant: { select: { key: true } } },
      });
      const set = await loadPolicies({
        folders: [
          join(import.meta.dirname, '..', '..', 'plugins'),
          ...config.policyFolders.map((folder) => resolve(folder)),
        ],
        settings: config.policies,
        mayGrant: config.mayGrant,
        groups: new Map(groups.map(({ id, name, tenant }) => [`${tenant.key}/${name}`, id])),
      });
      const engine = new Engine(set, fingerprintOf(set), config.limits.reviewMs);
      const changed = await acceptPolicies(store, engine, { onlyFirst: false });
      const off = set.disabled.length > 0 ? `; switched off: ${set.disabled.join(', ')}` : '';
      console.log(changed ? `accepted: ${engine.fingerprint}${off}` : `already accepted: ${engine.fingerprint}`);
      return 0;
    });
  },
};
