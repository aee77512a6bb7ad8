import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';

/** What an operation read of the audit log is on record before its answer goes out. If it cannot be, nothing does. */
export function useReadings(): Plugin {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args: ExecutionArgs) => {
        const result = await executeFn(args);
        const { readings, store, session } = args.contextValue as Context;
        try {
          await readings.write(store, () => session.doer);
        } catch (error) {
          return { errors: [error] };
        }
        return result;
      });
    },
  };
}
