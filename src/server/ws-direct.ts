import type { ExecutionResult } from 'graphql';
import { type Mask, withoutHttp } from '../graphql/mask.ts';
import type { DirectWay } from '../graphql/streams/direct-delivery.ts';
import type { ChannelExtra } from './ws-channel.ts';

/** The way of one operation to its socket. @param id the operation's own id inside the gateway. */
export function directWay(
  { socket, request, ids, cursors, closeUnless }: ChannelExtra,
  id: string,
  operation: DirectWay['operation'],
  mask: Mask,
): DirectWay {
  const raw = request.socket;
  const head = ids.headOf(id);
  return {
    operation,
    textOf: ({ errors, ...rest }: ExecutionResult) =>
      JSON.stringify(errors ? { ...rest, errors: errors.map((error) => withoutHttp(mask(error).toJSON())) } : rest),
    send(text) {
      if (head !== undefined && ids.isOpen(id) && socket.readyState === socket.OPEN) socket.send(`${head}${text}}`);
    },
    together(work) {
      raw.cork();
      try {
        return work();
      } finally {
        raw.uncork();
      }
    },
    get isFull() {
      return raw.writableNeedDrain;
    },
    async drained() {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      raw.once('drain', resolve);
      socket.once('close', resolve);
      try {
        if (raw.writableNeedDrain && socket.readyState === socket.OPEN) await closeUnless(promise);
      } finally {
        raw.off('drain', resolve);
        socket.off('close', resolve);
      }
    },
    get cursor() {
      return cursors.get(id);
    },
    set cursor(told) {
      if (told) cursors.set(id, told);
      else cursors.delete(id);
    },
  };
}
