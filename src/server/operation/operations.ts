import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import type { Limits } from '../../config.ts';
import { withDeadline } from '../../db/deadline.ts';
import { unauthenticated, unavailable } from '../../errors.ts';
import type { Context } from '../../graphql/context.ts';
import { measure } from '../../graphql/limits.ts';
import { itemByItem, takesItems } from '../../graphql/mutation/item-input.ts';
import { FairQueue } from '../../lib/fair-queue.ts';
import { remember } from '../../lib/remember.ts';
import { introspects } from './introspects.ts';
import type { Observe } from './observe.ts';
import type { RateLimits } from './rate-limits.ts';
import { assertStorable } from './storable-text.ts';

/** What is known about an operation without its variables. */
interface Known {
  readonly operation: OperationDefinitionNode;
  readonly introspects: boolean;
  readonly takesItems: boolean;
  /** Without variables, an operation is always as large as the first time. */
  isMeasured: boolean;
}

/** The life of a query or mutation after its validation: limits, a turn, execution by its deadline, recorded reads. */
export class Operations {
  readonly #limits: Limits;
  readonly #known = new WeakMap<DocumentNode, Map<string, Known>>();
  /**
   * Gives accounts turns for their operations: a burst of one account waits for its own operations, not for those of
   * others. More concurrent operations than the database can run would not be faster. Subscriptions take no turn.
   */
  readonly #turns = new FairQueue({
    width: 40,
    share: 20,
    perOwner: 1_000,
    total: 4_000,
    refusal: () => unavailable('Too many of your requests are waiting. Send fewer at once.'),
  });

  readonly #observe: Observe | undefined;
  readonly #rates: RateLimits | undefined;

  constructor(limits: Limits, observe?: Observe, rates?: RateLimits) {
    this.#limits = limits;
    this.#observe = observe;
    this.#rates = rates;
  }

  /**
   * Never throws. Errors of the result are not masked.
   * @param continues true for a part of a request that was counted before.
   */
  async execute(args: ExecutionArgs, continues = false): Promise<ExecutionResult> {
    const known = this.#knownOf(args);
    const ended = known && this.#observe?.(args, known.operation.operation);
    const result = await this.#execute(args, known, continues);
    ended?.(result.errors);
    return result;
  }

  async #execute(args: ExecutionArgs, known: Known | undefined, continues: boolean): Promise<ExecutionResult> {
    const { deadline } = args.contextValue as Context;
    try {
      if (!continues) await this.#take(args, known);
      const checked = this.#check(args, known);
      if (checked) await checked;
      const run = known?.takesItems ? itemByItem(execute) : execute;
      if (!deadline) return await this.#inTurn(args, run as typeof execute);
      return await Promise.race([
        withDeadline(deadline, () => this.#inTurn(args, run as typeof execute)),
        deadline.over,
      ]);
    } catch (error) {
      // If the deadline has passed, it is the reason: its SQL was cancelled.
      return { errors: [deadline?.fault ?? error] as never };
    } finally {
      deadline?.clear();
    }
  }

  /**
   * Checks a subscription before it starts.
   * @throws LIMIT_EXCEEDED, BAD_INPUT, UNAUTHENTICATED.
   */
  async check(args: ExecutionArgs): Promise<void> {
    const known = this.#knownOf(args);
    const ended = known && this.#observe?.(args, known.operation.operation);
    try {
      await this.#take(args, known);
      await this.#check(args, known);
      ended?.(undefined);
    } catch (error) {
      ended?.([error]);
      throw error;
    }
  }

  /**
   * Enforces the limits of depth, cost, aliases and directives, and requires sign-in for introspection.
   * @returns a promise if the sign-in is checked. @throws LIMIT_EXCEEDED, BAD_INPUT, UNAUTHENTICATED.
   */
  #check(
    { document, variableValues, contextValue }: ExecutionArgs,
    known: Known | undefined,
  ): Promise<void> | undefined {
    // The execution reports that the document does not contain the operation.
    if (!known) return undefined;
    const variables = (variableValues ?? {}) as Record<string, unknown>;
    if (!known.isMeasured) {
      measure(document, known.operation, variables, this.#limits);
      known.isMeasured = !known.operation.variableDefinitions?.length;
    }
    assertStorable(document, variables);
    if (!known.introspects) return undefined;
    const { session } = contextValue as Context;
    if (session.isAnonymous) throw unauthenticated();
    return session.refresh();
  }

  #take({ contextValue }: ExecutionArgs, known: Known | undefined): Promise<void> | undefined {
    return known && this.#rates?.take((contextValue as Context).session, known.operation.operation);
  }

  #knownOf({ document, operationName }: ExecutionArgs): Known | undefined {
    const byName = remember(this.#known, document, () => new Map<string, Known>());
    const name = operationName ?? '';
    const known = byName.get(name);
    if (known) return known;
    const operation = getOperationAST(document, operationName);
    if (!operation) return undefined;
    const found: Known = {
      operation,
      introspects: introspects(document, operation.selectionSet),
      takesItems: takesItems(document),
      isMeasured: false,
    };
    byName.set(name, found);
    return found;
  }

  #inTurn(args: ExecutionArgs, run: typeof execute): Promise<ExecutionResult> {
    const context = args.contextValue as Context;
    return this.inTurn(context, async () => {
      const result = await run(args);
      // If recording a read of the audit log fails, the response contains only the error.
      await context.readings.write(context.store, () => context.session.doer);
      return result;
    });
  }

  /** Runs the work of a request in a turn of its account. */
  async inTurn<T>({ session, deadline }: Context, work: () => Promise<T>): Promise<T> {
    const owner = session.isProved ? session.accountId : `from ${session.ip ?? ''}`;
    const leave = this.#turns.tryEnter(owner) ?? (await this.#turns.enter(owner, { signal: deadline?.signal }));
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
