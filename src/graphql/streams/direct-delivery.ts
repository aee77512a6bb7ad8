import type { ExecutionArgs, ExecutionResult } from 'graphql';

/**
 * A way to one subscriber's socket beside the protocol's own: items that were made ready once go out to many. What
 * begins and ends a stream (errors, `complete`) still goes by the protocol.
 */
export interface DirectWay {
  /** What is executed for each item, but for the item and the context. */
  readonly operation: Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>;
  /** The text of a result as it goes over the network, its errors masked. */
  textOf(result: ExecutionResult): string;
  /** Sends one item; nothing, where the subscriber has completed. */
  send(text: string): void;
  /** Puts what is sent meanwhile into one write. */
  together<T>(work: () => T): T;
  /** Does more wait for the network than one subscriber may hold in memory? */
  readonly isFull: boolean;
  /** Resolves when the network took what waits. Who lets it wait for too long is closed by the transport. */
  drained(): Promise<void>;
  /** Where the subscriber resumes when it is closed so: the cursor of the last item that was sent. */
  cursor: (() => string) | undefined;
}
