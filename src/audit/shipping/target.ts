import type { AuditEvent } from '../../db/generated/client.ts';

/** What became of a batch that a destination took. */
export interface Taken {
  /** How many it refused for good, and why: sending them again would not help. */
  readonly rejected?: number;
  readonly why?: string;
}

/** Where audit events go. At least once: whoever takes them knows an event again by its id. */
export interface Target {
  /**
   * Sends a batch, in order, and resolves when it is safe there.
   * @throws where it is not: the same batch comes again.
   */
  send(events: readonly AuditEvent[], signal: AbortSignal): Promise<Taken>;
}

/** Thrown by a target that was told when to come again. */
export class TryLater extends Error {
  readonly milliseconds: number;
  constructor(message: string, milliseconds: number) {
    super(message);
    this.milliseconds = milliseconds;
  }
}

const timeoutMs = 15_000;

/** What says more has something else to say. */
const maxAnswer = 64 * 1024;

/** The beginning of a body: whole where it is no longer than asked. */
async function beginOf(response: Response, greatest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving it cancels the rest.
    if (size > greatest) break;
  }
  return Buffer.concat(chunks).toString();
}

/**
 * POST of JSON; never follows a redirect.
 * @returns the body, or more than 64 KiB of its beginning. @throws for every answer that is not 2xx.
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
  const message = `it answered with status ${response.status}`;
  const seconds = Number(response.headers.get('retry-after'));
  if (seconds > 0) throw new TryLater(message, Math.min(seconds, 3_600) * 1_000);
  throw new Error(message);
}
