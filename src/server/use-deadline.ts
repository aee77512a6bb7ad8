import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { withDeadline } from '../db/deadline.ts';
import type { Context } from '../graphql/context.ts';

/** Ends an operation that exceeds its deadline: cancels its SQL and responds with an error. */
export function useDeadline(): Plugin {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args: ExecutionArgs) => {
        const { deadline } = args.contextValue as Context;
        if (!deadline) return executeFn(args);
        try {
          return await Promise.race([withDeadline(deadline, () => executeFn(args)), deadline.over]);
        } catch (error) {
          if (!deadline.fault) throw error;
          return { errors: [deadline.fault] };
        } finally {
          deadline.clear();
        }
      });
    },
  };
}
