import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Limits } from '../config.ts';
import { unauthenticated } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { measure } from '../graphql/limits.ts';

/** Does the operation ask for the schema? Fragments count as what they hold. */
function introspects(document: DocumentNode, set: SelectionSetNode, open: readonly string[] = []): boolean {
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__schema' || selection.name.value === '__type';
    if (selection.kind === Kind.INLINE_FRAGMENT) return introspects(document, selection.selectionSet, open);
    const name = selection.name.value;
    const fragment = document.definitions.find(
      (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
    );
    return (
      fragment?.kind === Kind.FRAGMENT_DEFINITION &&
      !open.includes(name) &&
      introspects(document, fragment.selectionSet, [...open, name])
    );
  });
}

/** Depth, cost, aliases and directives of what is about to be executed; the schema for nobody who is not signed in. */
export function useLimits(limits: Limits): Plugin {
  const check = async ({ document, operationName, variableValues, contextValue }: ExecutionArgs) => {
    const operation: OperationDefinitionNode | null | undefined = getOperationAST(document, operationName);
    if (!operation) return;
    measure(document, operation, (variableValues ?? {}) as Record<string, unknown>, limits);
    if (!introspects(document, operation.selectionSet)) return;
    const { session } = contextValue as Context;
    if (session.isAnonymous) throw unauthenticated();
    await session.refresh();
  };
  const hook = async ({
    args,
    setResultAndStopExecution,
  }: {
    args: unknown;
    setResultAndStopExecution: (result: never) => void;
  }) => {
    try {
      await check(args as ExecutionArgs);
    } catch (error) {
      setResultAndStopExecution({ errors: [error] } as never);
    }
  };
  return {
    onParse({ params }) {
      params.options = { ...params.options, maxTokens: limits.tokens } as never;
    },
    onExecute: hook as never,
    onSubscribe: hook as never,
  };
}
