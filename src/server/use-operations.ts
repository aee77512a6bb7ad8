import type { DocumentNode, ExecutionArgs, Source } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { type Documents, operationOf } from './operation/documents.ts';
import type { Operations } from './operation/operations.ts';
import type { ServerContext } from './server-context.ts';
import { isUnauthenticated } from './sign-in.ts';

/** Documents are parsed and validated, and operations executed, in the same way on every transport. */
export function useOperations(documents: Documents, operations: Operations): Plugin {
  return {
    onParse({ context, setParseFn }) {
      const { req, claims, params } = context as unknown as ServerContext & { params: GraphQLParams };
      const isSignedIn = claims !== undefined || !isUnauthenticated(req);
      setParseFn((source: string | Source) =>
        documents.parse(typeof source === 'string' ? source : source.body, isSignedIn),
      );
      return ({ result }) => {
        if (result && !(result instanceof Error)) operationOf(result, params.operationName);
      };
    },
    onValidate({ setValidationFn }) {
      setValidationFn((_schema: unknown, document: DocumentNode) => documents.faultsOf(document));
    },
    onExecute({ setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => operations.execute(args));
    },
    async onSubscribe({ args, setSubscribeFn }) {
      try {
        await operations.check(args as ExecutionArgs);
      } catch (error) {
        // Processed like any other result, with masking.
        setSubscribeFn(() => ({ errors: [error] }) as never);
      }
    },
  };
}
