import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from './telemetry.ts';

/** What the log and the traces know about the request that runs. */
export interface RequestScope {
  readonly requestId: string;
  /** Number of statements sent to the database for the request. */
  statements: number;
  /** The current step, if the request is traced. */
  span: Span | undefined;
}

const scopes = new AsyncLocalStorage<RequestScope>();

export const currentRequest = (): RequestScope | undefined => scopes.getStore();
export const inRequest = <T>(scope: RequestScope, work: () => T): T => scopes.run(scope, work);

/** For background work, which can begin in a request by chance. */
export const outsideRequest = <T>(work: () => T): T => scopes.exit(work);

/** Runs a step of the request that runs. Its own steps become parts of it. */
export async function inStep<T>(name: string, work: () => Promise<T>): Promise<T> {
  const scope = scopes.getStore();
  const outer = scope?.span;
  if (!scope || !outer) return work();
  const span = outer.begin(name);
  scope.span = span;
  try {
    return await work();
  } finally {
    scope.span = outer;
    span.end();
  }
}
