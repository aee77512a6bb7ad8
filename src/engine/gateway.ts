import { setTimeout as pause } from 'node:timers/promises';

/** An error of a request that a retry does not mend. */
export class EngineError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}

interface Fault {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly retryAfter?: number };
}

/** Errors of the request itself. All others, and every fault of the network, are retried. */
const final = new Set(['BAD_INPUT', 'NOT_FOUND', 'CONFLICT', 'LIMIT_EXCEEDED', 'EXPIRED']);
const refusals = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'SECOND_FACTOR_REQUIRED']);
export const isTransient = (code: string): boolean => !final.has(code);

export interface GatewayOptions {
  /** Address of the gateway, without a path. */
  readonly url: string;
  /** API token of the engine's service account, or a function that returns the present one. */
  readonly token: string | (() => string | Promise<string>);
  /** Called before each retry, with the fault and the delay. */
  readonly onRetry?: ((fault: unknown, milliseconds: number) => void) | undefined;
}

interface SendOptions {
  readonly onAttempt?: (attempt: number) => void;
  readonly failsWhenRefused?: boolean;
}

const firstWaitMs = 100;
const maxWaitMs = 5_000;
const requestMs = 60_000;

/** Sends requests to a gateway until they are answered. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #signal: AbortSignal;

  /** @param signal ends all requests. */
  constructor(options: GatewayOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * Sends a request and retries it after transient faults, without end. `onAttempt` is called before each attempt with
   * its number, from 0. A request that `failsWhenRefused` is not repeated without rights or a valid token.
   * @throws {EngineError} if a retry does not help, and the reason of the signal if it ends.
   */
  async send<Data>(
    query: string,
    variables: object,
    { onAttempt, failsWhenRefused = false }: SendOptions = {},
  ): Promise<Data> {
    for (let attempt = 0; ; attempt += 1) {
      this.#signal.throwIfAborted();
      let wait = Math.random() * Math.min(maxWaitMs, firstWaitMs * 2 ** attempt);
      try {
        onAttempt?.(attempt);
        return await this.#once<Data>(query, variables);
      } catch (fault) {
        this.#signal.throwIfAborted();
        const { code, retryAfter } = fault as { code?: string; retryAfter?: number };
        const limited = code === 'LIMIT_EXCEEDED' && retryAfter !== undefined;
        if (failsWhenRefused && refusals.has(code ?? '')) throw fault;
        if (fault instanceof EngineError && !limited && !isTransient(fault.code)) throw fault;
        if (retryAfter !== undefined) wait = Math.max(wait, retryAfter * 1_000);
        this.#options.onRetry?.(fault, wait);
      }
      await pause(wait, undefined, { signal: this.#signal });
    }
  }

  async #once<Data>(query: string, variables: object): Promise<Data> {
    const { url, token } = this.#options;
    const response = await fetch(new URL('/graphql', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${typeof token === 'string' ? token : await token()}`,
      },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(requestMs)]),
    });
    const text = await response.text();
    let answer: { data?: Data | null; errors?: readonly Fault[] };
    try {
      answer = JSON.parse(text);
    } catch {
      const code = response.status === 413 ? 'LIMIT_EXCEEDED' : 'UNAVAILABLE';
      throw new EngineError(code, `The gateway answered with status ${response.status} and no JSON.`);
    }
    const [first] = answer.errors ?? [];
    if (first) {
      const error = new EngineError(first.extensions?.code ?? 'UNAVAILABLE', first.message);
      throw Object.assign(error, { retryAfter: first.extensions?.retryAfter });
    }
    if (answer.data == null) throw new EngineError('UNAVAILABLE', 'The gateway answered without data.');
    return answer.data;
  }
}
