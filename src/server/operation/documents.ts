import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { GatehouseError, unauthenticated } from '../../errors.ts';
import { plainFault } from '../../graphql/mask.ts';
import { remember } from '../../lib/remember.ts';
import { introspects } from './introspects.ts';

/** Longer documents are not cached, so that callers who are not signed in cannot fill the memory. */
const maxText = 16_384;
const maxCount = 1_000;
/** Maximum number of repetitions of a field in one selection. Validation compares each with every other. */
const maxRepeats = 50;
/** Maximum number of fields in a document of an unauthenticated caller. */
const maxUnauthenticated = 30;
/** Maximum number of errors in a response: more would not help, and would make the response to a small document large. */
const maxErrors = 5;

const overLimit = (message: string, limit: string, allowed: number) =>
  new GatehouseError('LIMIT_EXCEEDED', message, { limit, allowed });

/**
 * Returns the error for a large document of an unauthenticated caller. An introspection of any length is refused as
 * unauthenticated.
 */
const tooLarge = (document: DocumentNode): GatehouseError =>
  document.definitions.some(
    (node) => node.kind === Kind.OPERATION_DEFINITION && introspects(document, node.selectionSet),
  )
    ? unauthenticated()
    : overLimit(
        `Without signing in, a document can have at most ${maxUnauthenticated} fields. Sign in.`,
        'fields',
        maxUnauthenticated,
      );

interface Size {
  readonly fields: number;
  /** A field that is repeated too often in one selection. */
  readonly repeated: string | undefined;
}

function sizeOf(document: DocumentNode): Size {
  let fields = 0;
  let repeated: string | undefined;
  const pending: SelectionSetNode[] = document.definitions.flatMap((node) =>
    'selectionSet' in node && node.selectionSet ? [node.selectionSet] : [],
  );
  for (let set = pending.pop(); set; set = pending.pop()) {
    const repeats = new Map<string, number>();
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        fields += 1;
        const name = (selection.alias ?? selection.name).value;
        const count = (repeats.get(name) ?? 0) + 1;
        repeats.set(name, count);
        if (count > maxRepeats) repeated ??= name;
      }
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet) pending.push(selection.selectionSet);
    }
  }
  return { fields, repeated };
}

/** Parses and validates documents, once for each text. Documents that do not parse are not cached. */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #maxTokens: number;
  readonly #parsed = new LRUCache<string, DocumentNode>({ max: maxCount });
  readonly #sizes = new WeakMap<DocumentNode, Size>();
  readonly #faults = new WeakMap<DocumentNode, readonly GraphQLError[]>();

  constructor(schema: GraphQLSchema, maxTokens: number) {
    this.#schema = schema;
    this.#maxTokens = maxTokens;
  }

  /**
   * @param isSignedIn if false, the document can have few fields only.
   * @throws GraphQLError for a syntax error, LIMIT_EXCEEDED, UNAUTHENTICATED.
   */
  parse(text: string, isSignedIn: boolean): DocumentNode {
    const document = this.#parsed.get(text) ?? this.#parse(text);
    // Validation must stay cheap.
    const { fields, repeated } = remember(this.#sizes, document, () => sizeOf(document));
    if (!isSignedIn && fields > maxUnauthenticated) throw tooLarge(document);
    if (repeated !== undefined)
      throw overLimit(
        `A selection can repeat a field at most ${maxRepeats} times (${repeated.slice(0, 100)}).`,
        'repeats',
        maxRepeats,
      );
    if (text.length <= maxText) this.#parsed.set(text, document);
    return document;
  }

  #parse(text: string): DocumentNode {
    try {
      return parse(text, { maxTokens: this.#maxTokens });
    } catch (error) {
      // The parser is recursive. With a high limit of tokens, the stack can overflow first.
      if (error instanceof RangeError || /more tha\w \d+ tokens/.test((error as Error).message))
        throw overLimit(`A document can have at most ${this.#maxTokens} tokens.`, 'tokens', this.#maxTokens);
      throw error instanceof GraphQLError ? withStatus(error) : error;
    }
  }

  /** Returns the errors of validation, in public form: with a known code, and without suggestions of names. */
  faultsOf(document: DocumentNode): readonly GraphQLError[] {
    return remember(this.#faults, document, () =>
      validate(this.#schema, document, specifiedRules, { maxErrors })
        .slice(0, maxErrors)
        .map((error) => withStatus(plainFault(error))),
    );
  }
}

/** @throws BAD_INPUT if the document does not have the operation, or has several and the request names none. */
export function operationOf(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode {
  const operation = getOperationAST(document, name);
  if (operation) return operation;
  const message =
    name == null
      ? 'The document has no operation, or several. Send one, or set operationName.'
      : 'The document does not contain the operation that operationName names.';
  throw new GatehouseError('BAD_INPUT', message, { http: { status: 400 } });
}

/** A request with an invalid document gets the status 400, unless its client accepts application/json only. */
const withStatus = (error: GraphQLError): GraphQLError => {
  error.extensions['http'] = { spec: true, status: 400 };
  return error;
};
