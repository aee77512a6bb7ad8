import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { withDeadline } from '../db/deadline.ts';
import type { Context } from '../graphql/context.ts';

/** Gives up on an operation that takes too long: its SQL is cancelled, its caller answered. */
export function useDeadline(): Plugin {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args: ExecutionArgs) => {
        const { deadline } = args.contextValue as Context;
        if (!deadline) return executeFn(args);
        const over = new Promise<never>((_resolve, reject) => {
          deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true });
        });
        over.catch(() => undefined);
        try {
          return await Promise.race([withDeadline(deadline, () => executeFn(args)), over]);
        } catch (error) {
          if (deadline.signal.aborted) return { errors: [deadline.signal.reason] };
          throw error;
        } finally {
          deadline.clear();
        }
      });
    },
  };
}
