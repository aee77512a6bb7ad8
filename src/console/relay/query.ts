import { createContext, useContext } from 'react';
import { useLazyLoadQuery } from 'react-relay/hooks';
import type { GraphQLTaggedNode, OperationType, VariablesOf } from 'relay-runtime';
import { useVersion } from './refresh.ts';

/** Counts the attempts to show the content again after a fault. */
export const Attempt = createContext(0);

/** The answer of a query: what is known at once, and then what the gateway says now. */
export function useAnswer<Operation extends OperationType>(
  query: GraphQLTaggedNode,
  variables: VariablesOf<Operation>,
): Operation['response'] {
  // A query that failed is sent again by another key only.
  const attempt = useContext(Attempt);
  const version = useVersion();
  return useLazyLoadQuery<Operation>(query, variables, {
    fetchPolicy: 'store-and-network',
    fetchKey: `${attempt} ${version}`,
  });
}
