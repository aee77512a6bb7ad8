import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { unavailable } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { FairQueue } from '../lib/fair-queue.ts';

/**
 * Gives accounts turns for their operations: a burst of one account waits for its own operations, not for those of
 * others.
 * More concurrent operations than the database can run would not be faster. Subscriptions take no turn.
 */
export function useTurns(): Plugin {
  const turns = new FairQueue({
    width: 40,
    share: 20,
    perOwner: 1_000,
    total: 4_000,
    refusal: () => unavailable('Too many of your requests are waiting. Send fewer at once.'),
  });
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args: ExecutionArgs) => {
        const { session, deadline } = args.contextValue as Context;
        const owner = session.isProved ? session.accountId : `from ${session.ip ?? ''}`;
        let leave: () => void;
        try {
          leave = turns.tryEnter(owner) ?? (await turns.enter(owner, { signal: deadline?.signal }));
        } catch (error) {
          return { errors: [error] } as never;
        }
        try {
          return await executeFn(args);
        } finally {
          leave();
        }
      });
    },
  };
}
