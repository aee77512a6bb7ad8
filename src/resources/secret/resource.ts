import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'SECRET',
  model: 'Secret',
  feedsAccess: false,
  key: (row) => `${String(row['namespace'])}/${String(row['key'])}`,
  audited: ['namespace', 'key', 'description', 'tags'],
  secret: ['sealed'],
});
