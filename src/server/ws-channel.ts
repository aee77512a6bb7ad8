import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { slowMs } from '../graphql/streams/slow-consumer.ts';
import { OperationIds } from './operation-ids.ts';
import { Inbox } from './ws-inbox.ts';

/** Close codes that the gateway sends. */
export const closeCodes = { goingAway: 1001, tryAgainLater: 1013 } as const;

export interface ChannelExtra extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly ids: OperationIds;
  /** The cursor of the last sent item, by operation. */
  readonly cursors: Map<string, () => string>;
  /** Closes the socket as too slow unless the promise resolves in time. */
  readonly closeUnless: <T>(taken: Promise<T>) => Promise<T>;
}

/** Returns the close reason for a slow socket, within the protocol limit of 123 bytes. */
export function slowReason(ids: OperationIds, cursors: ReadonlyMap<string, () => string>): string {
  const reason = cursors.size === 1 && ids.open === 1 ? `too slow, after ${[...cursors.values()][0]!()}` : '';
  return reason !== '' && reason.length <= 123 ? reason : 'too slow; connect again and resume from your cursor';
}

/** Time limit for the closing handshake. */
const closeMs = 1_000;
const pingMs = 12_000;

/** Connects one socket to the protocol server. */
export function openChannel(
  server: Server<ChannelExtra>,
  socket: WebSocket,
  request: IncomingMessage,
  more: Readonly<Record<string, unknown>>,
): void {
  const ids = new OperationIds();
  const cursors = new Map<string, () => string>();
  const close = (code: number, reason: string) => {
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), closeMs).unref();
  };
  // An error of one socket (an oversized message, a reset) ends that socket only, and is not logged.
  socket.on('error', () => setTimeout(() => socket.terminate(), closeMs).unref());

  const raw = request.socket;
  let answered = true;
  /** Bytes sent at the time of the last ping. */
  let taken = -1;
  socket.on('pong', () => {
    answered = true;
  });
  const pings = setInterval(() => {
    // While the socket is paused, pongs are not read. A stalled client is detected by unsent data instead.
    if (!answered && !(socket.isPaused && socket.readyState === socket.OPEN)) return socket.terminate();
    const before = taken;
    taken = raw.bytesWritten - raw.writableLength;
    if (raw.writableNeedDrain && taken === before) return socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingMs);

  // Closed with a handshake, so that a slow client can read the reason. The next ping terminates dead ones.
  const closeUnless = async <T>(taken: Promise<T>): Promise<T> => {
    const slow = setTimeout(() => socket.close(closeCodes.tryAgainLater, slowReason(ids, cursors)), slowMs);
    try {
      return await taken;
    } finally {
      clearTimeout(slow);
    }
  };
  // Resolves when the message is sent, so that nothing is read ahead of a slow client.
  const send = async (text: string): Promise<void> => {
    const message = ids.outgoing(text);
    if (message === undefined || socket.readyState !== socket.OPEN) return;
    await closeUnless(new Promise<void>((resolve) => socket.send(message, () => resolve())));
  };

  const closed = server.opened(
    {
      protocol: socket.protocol,
      send,
      close,
      onMessage: (take) => {
        new Inbox(socket, request.socket, (text) =>
          take(ids.incoming(text)).catch(() => close(CloseCode.InternalServerError, 'Internal server error')),
        );
      },
    },
    { ...more, socket, request, ids, cursors, closeUnless },
  );
  socket.once('close', (code, reason) => {
    clearInterval(pings);
    Promise.resolve(closed(code, String(reason))).catch(() => undefined);
  });
}
