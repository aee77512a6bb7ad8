import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'BLUEPRINT',
  model: 'Blueprint',
  feedsAccess: false,
  key: (row) => String(row['title']),
  audited: ['title', 'description', 'tags', 'source'],
});
