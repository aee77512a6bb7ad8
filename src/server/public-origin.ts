import type { IncomingMessage } from 'node:http';
import { isPlainLoopback } from './session-cookie.ts';

/**
 * Returns the origin of the gateway for browsers. Only on a loopback host does the request say it: elsewhere, its Host
 * header could send the response of a provider to another host.
 * @param publicUrl GATEHOUSE_PUBLIC_URL.
 */
export const publicOrigin = (request: IncomingMessage, publicUrl: string | undefined): string | undefined =>
  publicUrl ?? (isPlainLoopback(request) ? `http://${request.headers.host}` : undefined);
