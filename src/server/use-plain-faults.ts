import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { plainFault } from '../graphql/mask.ts';

/** Limits the errors in a response: more would not help, and would make the response to a small document large. */
const maxCount = 5;

/**
 * Masks validation errors. They skip execution and its masking, so this removes suggestions and sets known error codes.
 */
export function usePlainFaults(): Plugin {
  return {
    onValidate() {
      return ({ valid, result, setResult }) => {
        if (valid) return;
        const reported = result.slice(0, maxCount);
        setResult(reported.map((error) => (error instanceof GraphQLError ? plainFault(error) : error)));
      };
    },
  };
}
