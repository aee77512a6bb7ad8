import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { plainFault } from '../graphql/mask.ts';

/** More faults than these help nobody, and make the answer to a small document a large one. */
const maxCount = 5;

/** What validation finds is answered without execution, so nothing else masks it: no suggestions, codes of the table. */
export function usePlainFaults(): Plugin {
  return {
    onValidate() {
      return ({ valid, result, setResult }) => {
        if (valid) return;
        const told = result.slice(0, maxCount);
        setResult(told.map((error) => (error instanceof GraphQLError ? plainFault(error) : error)));
      };
    },
  };
}
