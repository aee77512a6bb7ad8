import { isLoopback } from '../../config.ts';

/** Metadata and key sets have some kilobytes. */
const maxBytes = 1_000_000;

/** A response that the gateway does not read, or a URL that it does not use. */
export class UnacceptableResponse extends Error {}

/**
 * Sends a request to a provider. It follows no redirect, uses HTTPS except on a loopback host, and reads at most a
 * megabyte within the time of its signal.
 */
export async function limitedFetch(url: string | URL, init: RequestInit): Promise<Response> {
  const target = new URL(url);
  if (target.protocol !== 'https:' && !(target.protocol === 'http:' && isLoopback(target)))
    throw new UnacceptableResponse(`${target.origin} must use https://`);
  const response = await fetch(url, { ...init, redirect: 'manual' });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > maxBytes)
      throw new UnacceptableResponse(`the response of ${target.origin} has more than ${maxBytes} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  const hasBody = ![204, 205, 304].includes(response.status);
  return new Response(hasBody ? Buffer.concat(chunks) : null, { status: response.status, headers: response.headers });
}
