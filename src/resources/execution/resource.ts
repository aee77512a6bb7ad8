import { defineResource } from '../../access/resource.ts';

defineResource({
  name: 'EXECUTION',
  model: 'Execution',
  feedsAccess: false,
  key: (row) => `${String(row['namespace'])}/${String(row['flowId'])}/${String(row['executionId'])}`,
  // What it was given and what it gave may be anything: it is in no event.
  audited: ['executionId', 'namespace', 'flowId', 'revision', 'state', 'labels', 'originalId', 'deletionAsked'],
  secret: ['inputs', 'outputs', 'history'],
});
