import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Mask } from '../graphql/mask.ts';
import { httpChannel } from './http-stream-channel.ts';
import type { ServerContext } from './server-context.ts';

/** Lets a subscription over HTTP write its items directly. A WebSocket brings its own channel. */
export function useStreamChannel(mask: Mask): Plugin {
  return {
    onSubscribe({ args, extendContext }) {
      const { res } = args.contextValue as unknown as ServerContext;
      if (res) extendContext({ channel: httpChannel(res, args as ExecutionArgs, mask) } as object);
    },
  };
}
