import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { processRegularResult } from 'graphql-yoga';
import { isObject } from '../lib/json.ts';
import { textOf } from '../lib/text-file.ts';
import { operationOf } from './operation/documents.ts';
import { isUnauthenticated, rotateIfAsked, signedInOf } from './sign-in.ts';
import type { Gateway, YogaOptions } from './yoga.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface PlainPostOptions extends YogaOptions {
  readonly gateway: Gateway;
}

interface Params {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null;
  readonly operationName?: string | null;
}

/**
 * Serves queries and mutations in plain JSON without the Request and Response of the Fetch API, which cost more than a
 * small operation itself. All other requests and invalid bodies go to the gateway. Parsing, validation, limits, turns,
 * the deadline and masking are the same in both cases.
 */
export function servePlainPosts(options: PlainPostOptions): Handler {
  const { gateway, schema, signIn, documents, operations, contextOf, mask, bodyBytes } = options;
  return async (request, response) => {
    const accepted = isPlain(request, bodyBytes) ? acceptedType(request.headers.accept) : undefined;
    if (!accepted) return gateway(request, response);
    const body = await bodyOf(request);
    // The connection ended before the body did, so no client waits for a response.
    if (!body) return undefined;
    const params = paramsOf(body);
    if (!params) return gateway(withBody(request, body), response);
    await signIn(request, response);
    try {
      const result = await resultOf(request, response, params);
      if (!result) return gateway(withBody(request, body), response);
      await rotateIfAsked(request, response);
      return send(response, result, accepted);
    } finally {
      signedInOf(request)?.deadline.clear();
    }
  };

  /** @returns undefined for a subscription. */
  async function resultOf(
    req: IncomingMessage,
    res: ServerResponse,
    params: Params,
  ): Promise<ExecutionResult | undefined> {
    try {
      const document = documents.parse(params.query, !isUnauthenticated(req));
      const { variables: variableValues, operationName } = params;
      if (operationOf(document, operationName).operation === 'subscription') return undefined;
      const faults = documents.faultsOf(document);
      if (faults.length > 0) return { errors: faults };
      const contextValue = contextOf({ req, res });
      const result = await operations.execute({ schema, document, contextValue, variableValues, operationName });
      return result.errors ? { ...result, errors: result.errors.map(mask) } : result;
    } catch (error) {
      return { errors: [mask(error)] };
    }
  }
}

function isPlain({ method, url, headers }: IncomingMessage, bodyBytes: number): boolean {
  const length = Number(headers['content-length']);
  return (
    method === 'POST' &&
    url === '/graphql' &&
    length > 0 &&
    length <= bodyBytes &&
    headers['content-encoding'] === undefined &&
    /^application\/json(?:; *charset="?utf-8"?)?$/i.test(headers['content-type'] ?? '')
  );
}

/** @returns the content type of the response, or undefined if the header accepts other types than JSON. */
function acceptedType(accept = '*/*'): string | undefined {
  let first: string | undefined;
  for (const part of accept.split(',')) {
    const type = /^\s*(\*\/\*|application\/(?:\*|json|graphql-response\+json))\s*(?:;\s*q=[\d.]+\s*)?$/i.exec(
      part,
    )?.[1];
    if (!type) return undefined;
    first ??= type.toLowerCase();
  }
  return first?.endsWith('*') ? 'application/json' : first;
}

/** @returns the whole body, or undefined if the connection ended first. */
function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
  request.once('error', () => resolve(undefined));
  request.once('close', () => resolve(undefined));
  return promise;
}

const known = new Set(['query', 'variables', 'operationName', 'extensions']);

/** @returns undefined unless the body is one well-formed operation. The gateway then reports the error. */
function paramsOf(body: Buffer): Params | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
  if (!isObject(parsed) || !Object.keys(parsed).every((key) => known.has(key))) return undefined;
  const { query, variables, operationName, extensions } = parsed;
  const isSound =
    typeof query === 'string' &&
    (variables == null || isObject(variables)) &&
    (operationName == null || typeof operationName === 'string') &&
    (extensions == null || isObject(extensions));
  return isSound ? (parsed as unknown as Params) : undefined;
}

/** Makes the body of the request readable again. */
const withBody = (request: IncomingMessage, body: Buffer): IncomingMessage =>
  Object.assign(request, { body: Readable.from([body]) });

/** Replaces the Response of the Fetch API: holds the status, headers and text that the library chooses. */
class Answer {
  readonly text: string;
  readonly init: { readonly status: number; readonly headers: Record<string, string> };
  constructor(text: string, init: Answer['init']) {
    this.text = text;
    this.init = init;
  }
}

function send(response: ServerResponse, result: ExecutionResult, accepted: string): void {
  const { text, init } = processRegularResult(result, { Response: Answer } as never, accepted) as unknown as Answer;
  response.writeHead(init.status, { ...init.headers, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
