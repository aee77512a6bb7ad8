import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'API_TOKEN',
  model: 'ApiToken',
  feedsAccess: true,
  key: (row) => `${row['name']} (${row['prefix']}…)`,
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
  ],
});
