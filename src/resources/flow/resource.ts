import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'FLOW',
  model: 'Flow',
  feedsAccess: false,
  key: (row) => `${String(row['namespace'])}/${String(row['flowId'])}`,
  audited: ['namespace', 'flowId', 'revision', 'source', 'description', 'disabled', 'declaredDisabled', 'labels'],
});
