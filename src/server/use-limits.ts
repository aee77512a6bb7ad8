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
import { GatehouseError, unauthenticated } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { measure } from '../graphql/limits.ts';
import { itemByItem, takesItems } from '../graphql/mutation/item-input.ts';
import type { ServerContext } from './server-context.ts';
import { isUnauthenticated } from './sign-in.ts';
import { assertStorable } from './storable-text.ts';

/** Returns true if the operation requests the schema, including in fragments. */
function introspects(document: DocumentNode, set: SelectionSetNode, seen = new Set<string>()): boolean {
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__schema' || selection.name.value === '__type';
    if (selection.kind === Kind.INLINE_FRAGMENT) return introspects(document, selection.selectionSet, seen);
    const name = selection.name.value;
    // Each fragment needs to be searched only once.
    if (seen.has(name)) return false;
    seen.add(name);
    return document.definitions.some(
      (node) =>
        node.kind === Kind.FRAGMENT_DEFINITION &&
        node.name.value === name &&
        introspects(document, node.selectionSet, seen),
    );
  });
}

/** Maximum number of repetitions of a field in one selection. Validation compares each with every other. */
const maxRepeats = 50;
/** Maximum number of fields in a document of an unauthenticated caller. */
const maxUnauthenticated = 30;

/**
 * Returns the error for a large document of an unauthenticated caller. An introspection of any length is refused as
 * unauthenticated.
 */
const tooLarge = (document: DocumentNode): GatehouseError =>
  document.definitions.some(
    (node) => node.kind === Kind.OPERATION_DEFINITION && introspects(document, node.selectionSet),
  )
    ? unauthenticated()
    : new GatehouseError(
        'LIMIT_EXCEEDED',
        `Without signing in, a document can have at most ${maxUnauthenticated} fields. Sign in.`,
        { limit: 'fields', allowed: maxUnauthenticated },
      );

/** Limits the document so that validation stays cheap. @throws LIMIT_EXCEEDED, UNAUTHENTICATED. */
function assertMergeable(document: DocumentNode, unauthenticatedCaller: boolean): void {
  let fields = 0;
  const pending: SelectionSetNode[] = document.definitions.flatMap((node) =>
    'selectionSet' in node && node.selectionSet ? [node.selectionSet] : [],
  );
  for (let set = pending.pop(); set; set = pending.pop()) {
    const repeats = new Map<string, number>();
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        fields += 1;
        if (unauthenticatedCaller && fields > maxUnauthenticated) throw tooLarge(document);
        const name = (selection.alias ?? selection.name).value;
        const count = (repeats.get(name) ?? 0) + 1;
        repeats.set(name, count);
        if (count > maxRepeats)
          throw new GatehouseError(
            'LIMIT_EXCEEDED',
            `A selection can repeat a field at most ${maxRepeats} times (${name.slice(0, 100)}).`,
            { limit: 'repeats', allowed: maxRepeats },
          );
      }
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet) pending.push(selection.selectionSet);
    }
  }
}

const overTokens = (limit: number) =>
  new GatehouseError('LIMIT_EXCEEDED', `A document can have at most ${limit} tokens.`, {
    limit: 'tokens',
    allowed: limit,
  });

/**
 * Enforces the limits of depth, cost, aliases and directives before execution, and requires sign-in for introspection.
 */
export function useLimits(limits: Limits): Plugin {
  const check = async ({ document, operationName, variableValues, contextValue }: ExecutionArgs) => {
    const operation: OperationDefinitionNode | null | undefined = getOperationAST(document, operationName);
    if (!operation) return;
    const variables = (variableValues ?? {}) as Record<string, unknown>;
    measure(document, operation, variables, limits);
    assertStorable(document, variables);
    if (!introspects(document, operation.selectionSet)) return;
    const { session } = contextValue as Context;
    if (session.isAnonymous) throw unauthenticated();
    await session.refresh();
  };
  /**
   * Returns a replacement for the execution if a limit is exceeded. Its result is processed like any other, with
   * masking.
   */
  const refusal = async (args: unknown) => {
    try {
      await check(args as ExecutionArgs);
      return undefined;
    } catch (error) {
      return () => ({ errors: [error] }) as never;
    }
  };
  return {
    onParse({ parseFn, setParseFn, context }) {
      const { req, claims } = context as unknown as ServerContext;
      const unauthenticatedCaller = !claims && isUnauthenticated(req);
      setParseFn((source, options) => {
        try {
          const document = parseFn(source, { ...options, maxTokens: limits.tokens });
          assertMergeable(document, unauthenticatedCaller);
          return document;
        } catch (error) {
          // The parser is recursive. With a high limit of tokens, the stack can overflow first.
          if (error instanceof RangeError || /more tha\w \d+ tokens/.test((error as Error).message)) {
            throw overTokens(limits.tokens);
          }
          throw error;
        }
      });
    },
    async onExecute({ args, executeFn, setExecuteFn }) {
      const refused = await refusal(args);
      if (refused) setExecuteFn(refused);
      else if (takesItems(args.document)) setExecuteFn(itemByItem(executeFn) as typeof executeFn);
    },
    async onSubscribe({ args, setSubscribeFn }) {
      const refused = await refusal(args);
      if (refused) setSubscribeFn(refused);
    },
  };
}
