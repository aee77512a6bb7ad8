import { randomInt } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { compress, type Encoding, encodingOf } from './encoding.ts';

/** A smaller response fits into the first round trip of a connection, so compression saves no time. */
const minBytes = 14_000;
/** Maximum number of concurrent compressions. The thread pool has four threads and also verifies passwords. */
const maxRunning = 2;
let running = 0;

const isJson = (type: unknown): boolean => /^application\/(graphql-response\+)?json\b/.test(String(type));

type Head = [status: number, reason?: string | OutgoingHttpHeaders, headers?: OutgoingHttpHeaders];
type Chunk = string | Uint8Array | null | undefined;

/**
 * Compresses a response if it is JSON of a known, large size. Streams have no known size and are not compressed.
 *
 * An attacker who observes the size of a compressed response and controls a part of its text can guess the rest
 * (BREACH). Requests of other sites have no credentials that count (cookie-rule.ts), and responses that contain secrets are
 * small. A header of random length obscures the size from callers who write text that others read.
 */
export function compressResponse(request: IncomingMessage, response: ServerResponse): void {
  const encoding = encodingOf(request);
  if (encoding === undefined) return;
  const { writeHead } = response;
  response.writeHead = ((...head: Head) => {
    response.writeHead = writeHead;
    const headers = head.findLast((part): part is OutgoingHttpHeaders => typeof part === 'object');
    for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) response.setHeader(name, value);
    const isLarge = Number(response.getHeader('content-length')) >= minBytes;
    const isPlain = isJson(response.getHeader('content-type')) && !response.hasHeader('content-encoding');
    if (!isLarge || !isPlain) return response.writeHead(head[0]);
    response.statusCode = head[0];
    gather(response, (body) => void send(response, body, encoding));
    return response;
  }) as ServerResponse['writeHead'];
}

/** Buffers the response until it ends. */
function gather(response: ServerResponse, done: (body: Buffer) => void): void {
  const { write, end } = response;
  const chunks: Buffer[] = [];
  const keep = (chunk: Chunk) => {
    if (chunk) chunks.push(chunk instanceof Buffer ? chunk : Buffer.from(chunk));
  };
  response.write = ((chunk: Chunk) => {
    keep(chunk);
    return true;
  }) as ServerResponse['write'];
  response.end = ((chunk?: Chunk) => {
    keep(chunk);
    Object.assign(response, { write, end });
    done(Buffer.concat(chunks));
    return response;
  }) as ServerResponse['end'];
}

async function send(response: ServerResponse, body: Buffer, encoding: Encoding): Promise<void> {
  if (running >= maxRunning) return void response.end(body);
  running += 1;
  try {
    const compressed = await compress(body, encoding);
    response.setHeader('Content-Encoding', encoding);
    response.setHeader('Content-Length', compressed.length);
    response.setHeader('X-Padding', 'x'.repeat(randomInt(1, 64)));
    response.end(compressed);
  } catch {
    // Sent uncompressed.
    response.end(body);
  } finally {
    running -= 1;
  }
}
