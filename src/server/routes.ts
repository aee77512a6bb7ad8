import type { IncomingMessage, ServerResponse } from 'node:http';
import { Deadline, withDeadline } from '../db/deadline.ts';
import { badInput, GatehouseError } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';
import { type CookieRule, isFormType, isJsonType } from './cookie-rule.ts';
import type { Route } from './route.ts';
import { errorResponse, sendError } from './send-error.ts';
import { smallBody } from './small-body.ts';

const maxBytes = 8_192;
export const jsonHeaders = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };

type ByMethod = Partial<Record<'GET' | 'POST', Route['serve']>>;

/** Creates routes by path and method. Errors are sent in the format of GraphQL. */
export function createRoutes(
  mask: Mask,
  byPath: Readonly<Record<string, ByMethod>>,
): (path: string) => Route | undefined {
  const routes = new Map(Object.entries(byPath));
  return (path) => {
    const byMethod = routes.get(path);
    if (!byMethod) return undefined;
    return {
      methods: Object.keys(byMethod),
      async serve(request, response) {
        try {
          await byMethod[request.method as 'GET' | 'POST']?.(request, response);
        } catch (error) {
          if (response.headersSent) return void response.destroy();
          sendError(response, errorResponse(error, mask));
        }
      },
    };
  };
}

/** The fields that a page sent. */
export interface Sent {
  readonly isForm: boolean;
  readonly fields: unknown;
}

/**
 * Reads the fields of a request that signs a person in: JSON, or the form of a page without scripts.
 * @returns undefined if the request was answered or its connection ended. @throws FORBIDDEN, BAD_INPUT, LIMIT_EXCEEDED.
 */
export async function fieldsOf(
  rule: CookieRule,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Sent | undefined> {
  const type = request.headers['content-type'];
  const isForm = isFormType(type);
  if (request.headers['content-encoding'] !== undefined || !(isForm || isJsonType(type))) {
    const message = 'Send application/json, or a form, without a content encoding.';
    sendError(response, { status: 415, message, extensions: { code: 'BAD_INPUT' } });
    return undefined;
  }
  // A page of another site could otherwise sign the user in to an account of its own.
  if (!rule.maySignIn(request))
    throw new GatehouseError(
      'FORBIDDEN',
      'A page of this origin cannot sign in. Use HTTPS (a loopback host can use HTTP), or add the origin to GATEHOUSE_ORIGINS.',
    );
  const body = await smallBody(request, maxBytes);
  if (body === undefined) return undefined;
  if (isForm) return { isForm, fields: Object.fromEntries(new URLSearchParams(body)) };
  try {
    return { isForm, fields: JSON.parse(body) };
  } catch {
    throw badInput(['body'], 'The request is not valid JSON.');
  }
}

/** Runs work of a request that needs no session, within the time of a request. @throws TIMEOUT. */
export async function inTime<T>(requestMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = new Deadline(requestMs);
  try {
    return await Promise.race([withDeadline(deadline, work), deadline.over]);
  } finally {
    deadline.clear();
  }
}

/** Returns a parameter of the request's query. */
export const queryParameter = ({ url }: IncomingMessage, name: string): string | null =>
  new URLSearchParams(url?.split('?')[1] ?? '').get(name);
