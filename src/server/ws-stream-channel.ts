import { type Mask, resultText } from '../graphql/mask.ts';
import type { StreamChannel } from '../graphql/streams/stream-channel.ts';
import type { ChannelExtra } from './ws-channel.ts';

/** The channel of one operation over a WebSocket. @param id ID of the operation within the gateway. */
export function socketChannel(
  { socket, request, ids, cursors, closeUnless }: ChannelExtra,
  id: string,
  operation: StreamChannel['operation'],
  mask: Mask,
): StreamChannel {
  const raw = request.socket;
  const head = ids.headOf(id);
  return {
    operation,
    textOf: resultText(mask),
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
