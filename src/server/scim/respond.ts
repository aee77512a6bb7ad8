import type { ServerResponse } from 'node:http';
import { type ErrorCode, statusOf } from '../../errors.ts';
import type { Mask } from '../../graphql/mask.ts';

export const scimType = 'application/scim+json';

export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function send(response: ServerResponse, { status, body, headers }: Reply): void {
  const text = body && JSON.stringify(body);
  response.writeHead(status, {
    ...(text !== undefined && { 'Content-Type': scimType }),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(text);
}

interface Extensions {
  readonly code?: ErrorCode;
  readonly status?: number;
  readonly scimType?: string;
  readonly limit?: string;
  readonly rule?: string;
  readonly issues?: readonly { readonly message: string }[];
  readonly retryAfter?: number;
}

/** An error as RFC 7644, section 3.12, describes it. */
export function errorReply(error: unknown, mask: Mask): Reply {
  const { message, extensions } = mask(error);
  const { code = 'INTERNAL', issues, limit, rule, retryAfter, ...own } = extensions as Extensions;
  const status = own.status ?? (limit === 'bodyBytes' ? 413 : statusOf(code, retryAfter));
  const usual = status === 400 ? 'invalidValue' : status === 409 && rule === undefined ? 'uniqueness' : undefined;
  const type = own.scimType ?? usual;
  const wait = retryAfter ?? (status === 503 ? 2 : undefined);
  return {
    status,
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
      ...(type !== undefined && { scimType: type }),
      detail: issues?.[0]?.message ?? message,
    },
    headers: {
      ...(wait !== undefined && { 'Retry-After': String(wait) }),
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    },
  };
}
