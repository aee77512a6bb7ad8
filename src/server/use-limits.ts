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
import { isStranger } from './sign-in.ts';
import { assertStorable } from './text-rules.ts';
import type { ServerContext } from './yoga.ts';

/** Does the operation ask for the schema? Fragments count as what they hold. */
function introspects(document: DocumentNode, set: SelectionSetNode, seen = new Set<string>()): boolean {
  return set.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__schema' || selection.name.value === '__type';
    if (selection.kind === Kind.INLINE_FRAGMENT) return introspects(document, selection.selectionSet, seen);
    const name = selection.name.value;
    // Looked into once: a second time would find nothing else.
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

/** How often one selection may ask for the same field: validation compares each with every other. */
const maxRepeats = 50;
/** Fields in a document of somebody who has not signed in: more than there is to ask for. */
const maxUnproved = 30;

/** An introspection is refused as it always is without signing in, however long it is. */
const strange = (document: DocumentNode): GatehouseError =>
  document.definitions.some(
    (node) => node.kind === Kind.OPERATION_DEFINITION && introspects(document, node.selectionSet),
  )
    ? unauthenticated()
    : new GatehouseError(
        'LIMIT_EXCEEDED',
        `Without signing in, a document can have at most ${maxUnproved} fields. Sign in.`,
        { limit: 'fields', allowed: maxUnproved },
      );

/** Keeps validation cheap. @throws LIMIT_EXCEEDED, UNAUTHENTICATED. */
function assertMergeable(document: DocumentNode, ofStranger: boolean): void {
  let fields = 0;
  const pending: SelectionSetNode[] = document.definitions.flatMap((node) =>
    'selectionSet' in node && node.selectionSet ? [node.selectionSet] : [],
  );
  for (let set = pending.pop(); set; set = pending.pop()) {
    const repeats = new Map<string, number>();
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        fields += 1;
        if (ofStranger && fields > maxUnproved) throw strange(document);
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

/** Depth, cost, aliases and directives of what is about to be executed; the schema for nobody who is not signed in. */
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
  /** What is answered in the place of a result; undefined: go on. It takes the way of every result, masking included. */
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
      const ofStranger = !claims && isStranger(req);
      setParseFn((source, options) => {
        try {
          const document = parseFn(source, { ...options, maxTokens: limits.tokens });
          assertMergeable(document, ofStranger);
          return document;
        } catch (error) {
          // The parser recurses: with a generous limit of tokens, the stack may end first.
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
