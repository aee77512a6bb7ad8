import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';

/**
 * Records reads of the audit log before the response is sent. If recording fails, the response contains only the error.
 */
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
