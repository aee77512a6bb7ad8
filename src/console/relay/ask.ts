import { fetchQuery } from 'react-relay/hooks';
import type { GraphQLTaggedNode, IEnvironment, OperationType, VariablesOf } from 'relay-runtime';

/**
 * Asks once, on demand. @throws Refused with every error: there is no page that would show the rest. Otherwise a refused
 * field is null.
 */
export async function ask<Operation extends OperationType>(
  environment: IEnvironment,
  query: GraphQLTaggedNode,
  variables: VariablesOf<Operation>,
  isStrict = true,
): Promise<Operation['response'] | undefined> {
  const networkCacheConfig = { force: true, metadata: { isStrict } };
  return fetchQuery<Operation>(environment, query, variables, { networkCacheConfig }).toPromise();
}
