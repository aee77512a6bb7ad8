import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type ExecutionResult, getOperationAST } from 'graphql';
import { processRegularResult } from 'graphql-yoga';
import type { Mask } from '../graphql/mask.ts';
import { isObject } from '../lib/json.ts';
import { textOf } from '../lib/text-file.ts';
import { type SignIn, signedInOf } from './sign-in.ts';
import type { Gateway } from './yoga.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface PlainPostOptions {
  readonly gateway: Gateway;
  readonly signIn: SignIn;
  readonly mask: Mask;
  readonly bodyBytes: number;
}

interface Params {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null;
  readonly operationName?: string | null;
}

/**
 * Serves a query or a mutation that is sent as plain JSON without the Fetch API's Request and Response around it, which
 * cost more than a small operation itself. Every other request, and every fault of a body, is the gateway's to answer.
 * The plugins of the gateway (limits, turns, deadline, masking) run on both ways.
 */
export function servePlainPosts({ gateway, signIn, mask, bodyBytes }: PlainPostOptions): Handler {
  return async (request, response) => {
    const accepted = isPlain(request, bodyBytes) ? acceptedType(request.headers.accept) : undefined;
    if (!accepted) return gateway(request, response);
    const body = await bodyOf(request);
    // The connection ended before its body did: nobody waits for an answer.
    if (!body) return undefined;
    const params = paramsOf(body);
    if (!params) return gateway(withBody(request, body), response);
    await signIn(request);
    try {
      const result = await resultOf(request, response, params);
      if (!result) return gateway(withBody(request, body), response);
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
      const context = { req, res, params, request: post };
      const { schema, parse, validate, contextFactory, execute } = gateway.getEnveloped(context as never);
      const document = parse(params.query);
      if (getOperationAST(document, params.operationName)?.operation === 'subscription') return undefined;
      const errors = validate(schema, document);
      if (errors.length > 0) return { errors };
      const contextValue = await contextFactory();
      const { variables: variableValues, operationName } = params;
      return await execute({ schema, document, contextValue, variableValues, operationName });
    } catch (error) {
      return { errors: [mask(error)] };
    }
  }
}

/** What the gateway's plugins ask of a request. */
const post = { method: 'POST' };

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

/** @returns the type of the answer; undefined where the header asks for more than JSON. */
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

/** @returns the whole body; undefined where the connection ended before. */
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

/** @returns undefined for everything but one well-formed operation: the gateway says what is wrong with it. */
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

/** The request with its body to be read once more. */
const withBody = (request: IncomingMessage, body: Buffer): IncomingMessage =>
  Object.assign(request, { body: Readable.from([body]) });

/** Stands in for the Fetch API's Response: holds what the library decides about status, headers and text. */
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
