import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'API_TOKEN',
  model: 'ApiToken',
  feedsAccess: true,
  counted: (now) => ({ AND: [{ revokedAt: null }, { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] }] }),
  key: (row) => `${row['name']} (${row['prefix']}…)`,
  secret: ['hash'],
  audited: [
    'owner',
    'name',
    'description',
    'prefix',
    'maxAgeSeconds',
    'extended',
    'expiresAt',
    'greatestExpiry',
    'revokedAt',
    'ceiling',
  ],
});
