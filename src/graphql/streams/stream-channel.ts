import type { ExecutionArgs, ExecutionResult } from 'graphql';

/**
 * Direct access to one subscriber's connection, bypassing the protocol: an item that was serialized once is sent to
 * many. The start and end of a stream (errors, `complete`) still use the protocol.
 */
export interface StreamChannel {
  /** What is executed for each item, without the item and context. */
  readonly operation: Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>;
  /** The serialized result with masked errors. Equal for all transports. */
  textOf(result: ExecutionResult): string;
  /** Sends one item; does nothing if the subscriber has completed. */
  send(text: string): void;
  /** Combines everything sent meanwhile into one write. */
  together<T>(work: () => T): T;
  /** True if more data is queued for the network than one subscriber can hold in memory. */
  readonly isFull: boolean;
  /** Resolves when the queue is sent. @throws TOO_SLOW, unless the transport itself closes a subscriber that is slow. */
  drained(): Promise<void>;
  /** Where the subscriber resumes after that: the cursor of the last sent item. */
  cursor: (() => string) | undefined;
}
