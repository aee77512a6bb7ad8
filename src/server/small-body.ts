import type { IncomingMessage } from 'node:http';
import { badInput, GatehouseError } from '../errors.ts';
import { NotUtf8, textOf } from '../lib/text-file.ts';

/** Reads the text of a small body. @throws BAD_INPUT, LIMIT_EXCEEDED; undefined if the connection ended first. */
export async function smallBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  if (size > maxBytes)
    throw new GatehouseError('LIMIT_EXCEEDED', `The body can have at most ${maxBytes} bytes.`, {
      limit: 'bodyBytes',
      allowed: maxBytes,
    });
  try {
    return textOf(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof NotUtf8) throw badInput(['body'], 'The body is not UTF-8.');
    throw error;
  }
}
