/**
 * The mutations that the gateway and the floor perform alike. NUMBER stands for a number below 200, VALUE for another value each
 * time, and <Type:id> for a global ID.
 */
export const changes = {
  updateGroup: {
    query: 'mutation updateGroup($i: UpdateGroupInput!) { updateGroup(input: $i) { group { id name description } } }',
    variables: { i: { id: '<Group:gNUMBER>', description: 'VALUE' } },
  },
  updateNamespace: {
    query:
      'mutation updateNamespace($i: UpdateNamespaceInput!) { updateNamespace(input: $i) { namespace { id name description } } }',
    variables: { i: { id: '<Namespace:nNUMBER>', description: 'VALUE' } },
  },
  restartTriggers: {
    query:
      'mutation restartTriggers($i: RestartTriggersInput!) { restartTriggers(input: $i) { results { trigger { id disabled } } } }',
    variables: { i: { tenantKey: 'main', triggers: [{ id: '<Trigger:tNUMBER>' }] } },
  },
} as const;
export type Change = keyof typeof changes;

/** A body, filled in for the nth request. */
export const filled = <Body extends object>(body: Body, n: number): Body =>
  JSON.parse(
    JSON.stringify(body)
      .replaceAll('NUMBER', String(1 + (n % 199)).padStart(6, '0'))
      .replaceAll('VALUE', `${process.pid} ${n}`)
      .replace(/<(\w+:\w+)>/g, (_all, id) => Buffer.from(id).toString('base64')),
  );
