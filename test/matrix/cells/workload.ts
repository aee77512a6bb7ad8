import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import { issuer } from '../stage.ts';

export const mutations: Record<string, Record<string, Attempting>> = {
  'API_TOKEN:CREATE': {
    addWorkloadTrust: async (stage) => {
      const covered = { issuer, audience: stage.name('audience'), subject: 'repo:company/flows' };
      return attempt(
        'addWorkloadTrust',
        'AddWorkloadTrustInput',
        'trust { subject }',
        { id: idOf('ServiceAccount', stage.account), ...covered },
        async () => (await stage.world.db.workloadTrust.count({ where: covered })) === 1,
      );
    },
  },
  'API_TOKEN:DELETE': {
    removeWorkloadTrust: async (stage) => {
      const covered = { issuer, audience: stage.name('removed'), subject: 'repo:company/flows' };
      await stage.world.db.workloadTrust.create({
        data: { id: newId(), serviceAccountId: stage.account.id, ...covered },
      });
      return attempt(
        'removeWorkloadTrust',
        'RemoveWorkloadTrustInput',
        'serviceAccountId',
        { id: idOf('ServiceAccount', stage.account), ...covered },
        async () => (await stage.world.db.workloadTrust.count({ where: covered })) === 0,
      );
    },
  },
};
