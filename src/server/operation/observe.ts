import { createHash } from 'node:crypto';
import { type DocumentNode, type ExecutionArgs, GraphQLError, type OperationTypeNode } from 'graphql';
import { errorCodes } from '../../errors.ts';
import type { Context } from '../../graphql/context.ts';
import { publicForm } from '../../graphql/mask.ts';
import type { Log } from '../../lib/log.ts';
import { remember } from '../../lib/remember.ts';
import { currentRequest } from '../../lib/request-scope.ts';
import { type Labels, secondsSince, type Telemetry } from '../../lib/telemetry.ts';

/** Called at the start of an operation. @returns a function to call with the errors of its result. */
export type Observe = (
  args: Pick<ExecutionArgs, 'document' | 'contextValue'>,
  kind: OperationTypeNode,
) => (errors: readonly unknown[] | undefined) => void;

export interface ObserveOptions {
  readonly telemetry: Telemetry | undefined;
  readonly log: Log;
  /** Fraction of operations with a line in the log. */
  readonly accessLog: number;
}

const hashes = new WeakMap<DocumentNode, { readonly hash: string }>();
/** The same for the same document. Names of operations are texts of callers, so the log does not hold them. */
const hashOf = (document: DocumentNode): string =>
  remember(hashes, document, () => ({
    hash: createHash('sha256')
      .update(document.loc?.source.body ?? '')
      .digest('hex')
      .slice(0, 16),
  })).hash;

/** The code of an error as the caller gets it. */
function codeOf(error: unknown): string {
  const original = (error as GraphQLError).originalError ?? error;
  const code = publicForm(original)?.code ?? (error as GraphQLError).extensions?.['code'];
  if (typeof code === 'string' && Object.hasOwn(errorCodes, code)) return code;
  return original instanceof GraphQLError ? 'BAD_INPUT' : 'INTERNAL';
}

const labels = new Map<string, Labels>();
const labelsOf = (kind: OperationTypeNode, outcome: string): Labels =>
  remember(labels, `${kind} ${outcome}`, () => ({ 'graphql.operation.type': kind, 'gatehouse.outcome': outcome }));

/** Measures operations and logs a fraction of them. @returns undefined if neither is configured. */
export function createObserve({ telemetry, log, accessLog }: ObserveOptions): Observe | undefined {
  if (!telemetry && accessLog === 0) return undefined;
  return ({ document, contextValue }, kind) => {
    const began = performance.now();
    const scope = currentRequest();
    const outer = scope?.span;
    const span = outer?.begin(kind, { 'graphql.operation.type': kind });
    if (scope && span) scope.span = span;
    return (errors) => {
      const outcome = errors?.length ? codeOf(errors[0]) : 'OK';
      if (scope && span) scope.span = outer;
      span?.end({ 'gatehouse.outcome': outcome }, outcome === 'INTERNAL' ? outcome : undefined);
      telemetry?.record('gatehouse.operation.duration', secondsSince(began), labelsOf(kind, outcome));
      if (accessLog === 0 || Math.random() >= accessLog) return;
      const { session } = contextValue as Context;
      log.info('operation', {
        kind,
        document: hashOf(document),
        ms: Math.round((performance.now() - began) * 10) / 10,
        statements: scope?.statements ?? 0,
        outcome,
        actor: session.isProved ? session.accountId : null,
      });
    };
  };
}
