import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { IdsOnce } from './ids-once.ts';
import { Inbox } from './ws-inbox.ts';

/** Codes with which the gateway itself closes a socket. */
export const closeCodes = { goingAway: 1001, tryAgainLater: 1013 } as const;

export interface ChannelExtra extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly ids: IdsOnce;
  /** By operation: the cursor of the last item that was sent. */
  readonly cursors: Map<string, () => string>;
  /** Closes the socket as too slow, unless the network takes in time what it is to take. */
  readonly closeUnless: <T>(taken: Promise<T>) => Promise<T>;
}

/** What a socket that is too slow is told, in the 123 bytes that there are. */
export function slowReason(ids: IdsOnce, cursors: ReadonlyMap<string, () => string>): string {
  const told = cursors.size === 1 && ids.open === 1 ? `too slow, after ${[...cursors.values()][0]!()}` : '';
  return told !== '' && told.length <= 123 ? told : 'too slow; connect again and resume from your cursor';
}

/** How long a socket may take to close in order. */
const closeMs = 1_000;
const pingMs = 12_000;
/** A client that takes nothing for so long is closed; it resumes from its cursor. */
const slowMs = 10_000;

/** Carries the messages of one socket to and from the protocol's server. */
export function openChannel(
  server: Server<ChannelExtra>,
  socket: WebSocket,
  request: IncomingMessage,
  more: Readonly<Record<string, unknown>>,
): void {
  const ids = new IdsOnce();
  const cursors = new Map<string, () => string>();
  const close = (code: number, reason: string) => {
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), closeMs).unref();
  };
  // What breaks one socket (a message too large, a reset) ends that socket and nothing else, and is no news.
  socket.on('error', () => setTimeout(() => socket.terminate(), closeMs).unref());

  const raw = request.socket;
  let answered = true;
  /** Bytes that the network had taken at the last ping. */
  let taken = -1;
  socket.on('pong', () => {
    answered = true;
  });
  const pings = setInterval(() => {
    // Of a socket that is not read from, no pong is heard: while it is open, what it does not take ends it.
    if (!answered && !(socket.isPaused && socket.readyState === socket.OPEN)) return socket.terminate();
    const before = taken;
    taken = raw.bytesWritten - raw.writableLength;
    if (raw.writableNeedDrain && taken === before) return socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingMs);

  // Not cut off at once: one that is slow, and not gone, reads why. The next ping ends the others.
  const closeUnless = async <T>(taken: Promise<T>): Promise<T> => {
    const slow = setTimeout(() => socket.close(closeCodes.tryAgainLater, slowReason(ids, cursors)), slowMs);
    try {
      return await taken;
    } finally {
      clearTimeout(slow);
    }
  };
  // Resolves when the network took the message: whoever waits for it reads nothing ahead of a slow client.
  const send = async (text: string): Promise<void> => {
    const told = ids.outgoing(text);
    if (told === undefined || socket.readyState !== socket.OPEN) return;
    await closeUnless(new Promise<void>((resolve) => socket.send(told, () => resolve())));
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
