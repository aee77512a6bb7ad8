import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { plainFault } from '../graphql/mask.ts';

/** What validation finds is answered without execution, so nothing else masks it: no suggestions, codes of the table. */
export function usePlainFaults(): Plugin {
  return {
    onValidate() {
      return ({ valid, result, setResult }) => {
        if (!valid) setResult(result.map((error) => (error instanceof GraphQLError ? plainFault(error) : error)));
      };
    },
  };
}
