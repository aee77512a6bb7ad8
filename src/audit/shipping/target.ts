import type { AuditEvent } from '../../db/generated/client.ts';

/** The result of an accepted batch. */
export interface Taken {
  /** Number of events that it rejected permanently, and the reason. A retry would not help. */
  readonly rejected?: number;
  readonly why?: string;
}

/** A receiver of audit events. Delivery is at least once: the receiver removes duplicates by event ID. */
export interface Target {
  /**
   * Sends a batch in order. Resolves when the receiver has stored it.
   * @throws if delivery failed. The same batch is sent again.
   */
  send(events: readonly AuditEvent[], signal: AbortSignal): Promise<Taken>;
}

/** Thrown by a target if the receiver requests a delay before the retry. */
export class TryLater extends Error {
  readonly milliseconds: number;
  constructor(message: string, milliseconds: number) {
    super(message);
    this.milliseconds = milliseconds;
  }
}

const timeoutMs = 15_000;

/** Longer responses are cut off. */
const maxAnswer = 64 * 1024;

/** Reads a body up to about `max` bytes. */
async function beginOf(response: Response, max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    // Ending the loop cancels the rest of the body.
    if (size > max) break;
  }
  return Buffer.concat(chunks).toString();
}

/**
 * POSTs JSON. Never follows a redirect.
 * @returns the body, cut off after about 64 KiB.
 * @throws if the status is not 2xx.
 */
export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await beginOf(response, maxAnswer);
  if (response.ok) return text;
  const message = `the response has status ${response.status}`;
  const seconds = Number(response.headers.get('retry-after'));
  if (seconds > 0) throw new TryLater(message, Math.min(seconds, 3_600) * 1_000);
  throw new Error(message);
}
