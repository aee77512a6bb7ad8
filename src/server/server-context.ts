import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Claims } from '../auth/authenticate.ts';
import type { StreamChannel } from '../graphql/streams/stream-channel.ts';

/** The data of a request next to its body, from the socket for WebSocket and from the message for HTTP. */
export interface ServerContext {
  req: IncomingMessage;
  res?: ServerResponse;
  /** Set by the WebSocket server: the claims of the socket. */
  claims?: Claims;
  /** Set by the WebSocket server: lets the operation send its items directly. */
  own?: { readonly channel?: StreamChannel };
}
