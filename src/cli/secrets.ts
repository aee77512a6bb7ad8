import { masterKey } from '../auth/key-file.ts';
import { deriveKeys } from '../auth/keys.ts';
import { assertMasterKey } from '../auth/master-key-id.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import '../resources/index.ts';
import { resealSecondFactors } from '../resources/identity/second-factor/service.ts';
import { rotateSecrets } from '../resources/orchestration/secret/service.ts';
import { resetCommand, resetUsage } from './secrets-reset.ts';
import { withStore } from './store.ts';
import { type Command, UsageError } from './usage.ts';

export const secretsCommand: Command = {
  name: 'secrets',
  usage: 'secrets rotate | reset …',
  forms: ['secrets rotate [TENANT]', resetUsage],
  description: 'Encrypt the secrets of every tenant (or one) with a new key; start again if the master key is lost.',
  async run([verb, key, ...more]) {
    if (verb === 'reset') return resetCommand([key, ...more].filter((arg) => arg !== undefined));
    if (verb !== 'rotate' || more.length > 0)
      throw new UsageError(`Usage: gatehouse secrets rotate [TENANT]\n       gatehouse ${resetUsage}`);
    const config = readConfig();
    return withStore(config, createLog(config.log), async (store) => {
      const keys = deriveKeys(masterKey(config.masterKey, config.dataDir), config.formerMasterKeys);
      await assertMasterKey(store.prisma, keys);
      const tenants = await store.prisma.tenant.findMany({
        where: { ...(key !== undefined && { key }), dataKeys: { some: {} } },
        orderBy: { key: 'asc' },
      });
      if (key !== undefined && tenants.length === 0) throw new UsageError(`No tenant ${key} with secrets exists.`);
      if (tenants.length === 0) console.log('No tenant has secrets. Nothing was rotated.');
      if (key === undefined) {
        const count = await resealSecondFactors(store, keys);
        if (count > 0) console.log(`${count} second factors are encrypted with the current master key`);
      }
      for (const tenant of tenants) {
        const count = await rotateSecrets(store, keys, tenant, 'secrets rotate on the command line');
        console.log(`${tenant.key}: ${count} secrets are encrypted with a new key`);
      }
      return 0;
    });
  },
};
