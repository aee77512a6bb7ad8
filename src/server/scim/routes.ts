import type { IncomingMessage, ServerResponse } from 'node:http';
import { withDeadline } from '../../db/deadline.ts';
import { GatehouseError } from '../../errors.ts';
import type { Context } from '../../graphql/context.ts';
import type { Mask } from '../../graphql/mask.ts';
import { requiredTenant } from '../../graphql/scopes.ts';
import { isObject } from '../../lib/json.ts';
import { resourceTypes, schemas, serviceProviderConfig } from '../../resources/identity/scim/discovery.ts';
import { scimFault } from '../../resources/identity/scim/fault.ts';
import { decoded } from '../download.ts';
import type { ContextOf } from '../operation/context.ts';
import type { Operations } from '../operation/operations.ts';
import { publicOrigin } from '../public-origin.ts';
import type { Route } from '../route.ts';
import type { SignIn } from '../sign-in.ts';
import { smallBody } from '../small-body.ts';
import { type Asked, fixed, groups, type Handle, users } from './handlers.ts';
import { errorReply, type Reply, scimType, send } from './respond.ts';

export interface ScimOptions {
  readonly signIn: SignIn;
  readonly contextOf: ContextOf;
  readonly operations: Operations;
  readonly mask: Mask;
  readonly bodyBytes: number;
  /** GATEHOUSE_PUBLIC_URL. */
  readonly publicUrl: string | undefined;
}

const path = /^\/scim\/v2\/([^/]+)\/(Users|Groups|ServiceProviderConfig|ResourceTypes|Schemas|Me)(?:\/([^/]+))?$/;

/** RFC 7644, section 3.11: the token belongs to a service account, which is not a resource here. */
const me: Handle = async () => {
  throw new GatehouseError('NOT_FOUND', 'The endpoint /Me is not supported.', { status: 501 });
};
const handlers: Readonly<Record<string, Readonly<Record<string, Handle>>>> = {
  Users: users,
  Groups: groups,
  ServiceProviderConfig: {
    GET: async ({ scim: { base, context } }) => ({
      status: 200,
      body: serviceProviderConfig(base, context.limits.pageSize),
    }),
  },
  ResourceTypes: { GET: fixed(({ base }) => resourceTypes(base)) },
  Schemas: { GET: fixed(({ base }) => schemas(base)) },
  Me: { GET: me, POST: me, PUT: me, PATCH: me, DELETE: me },
};
const methodsOf = (type: string, hasId: boolean): string[] => {
  const all = Object.keys(handlers[type]!);
  if (type !== 'Users' && type !== 'Groups') return all;
  return all.filter((method) => method === 'GET' || hasId !== (method === 'POST'));
};

/** Serves /scim/v2/TENANT/: provisioning by SCIM 2.0 (RFC 7643 and 7644). */
export function createScimRoutes(options: ScimOptions): (path: string) => Route | undefined {
  return (asked) => {
    const [, key, type, id] = path.exec(asked) ?? [];
    if (key === undefined || type === undefined) return undefined;
    return {
      methods: methodsOf(type, id !== undefined),
      serve: (request, response) => serve(options, { key, type, id }, request, response),
    };
  };
}

interface Place {
  readonly key: string;
  readonly type: string;
  readonly id: string | undefined;
}

async function serve(
  options: ScimOptions,
  place: Place,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { signIn, contextOf, operations, mask, bodyBytes } = options;
  // Unauthenticated callers cannot send a body.
  await signIn(request, undefined);
  const context = contextOf({ req: request, res: response });
  const deadline = context.deadline!;
  const work = async (): Promise<Reply | undefined> => {
    await context.session.refresh();
    assertMachine(context);
    const hasBody = ['POST', 'PUT', 'PATCH'].includes(request.method!);
    const text = hasBody ? await bodyOf(request, bodyBytes) : undefined;
    if (hasBody && text === undefined) return undefined;
    const body = text === undefined ? {} : parsed(text);
    return operations.inTurn(context, () => answer(options, place, context, request, body));
  };
  try {
    const reply = await Promise.race([withDeadline(deadline, work), deadline.over]);
    if (reply) send(response, reply);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    send(response, errorReply(deadline.fault ?? error, mask));
  } finally {
    deadline.clear();
  }
}

async function answer(
  { publicUrl }: ScimOptions,
  { key, type, id }: Place,
  context: Context,
  request: IncomingMessage,
  body: Asked['body'],
): Promise<Reply> {
  const tenant = await requiredTenant(context, decoded(key, 'The tenant'));
  const base = `${publicOrigin(request, publicUrl) ?? `https://${request.headers.host}`}/scim/v2/${tenant.key}`;
  const query = new URLSearchParams(request.url!.split('?')[1] ?? '');
  const scim = { context, tenant, base };
  const asked = { scim, request, query, id: id === undefined ? undefined : decoded(id, 'The resource'), body };
  return handlers[type]![request.method!]!(asked);
}

/** A client of provisioning is a program with a credential of its own, not the page or the password of a person. */
function assertMachine({ session }: Context): void {
  const { principal, impersonator, credential } = session.identity;
  if (principal.kind === 'SERVICE_ACCOUNT' && !impersonator && credential.kind !== 'basic') return;
  throw new GatehouseError('FORBIDDEN', 'Send a token of a service account of the tenant.');
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (request.headers['content-encoding'] !== undefined || (type !== scimType && type !== 'application/json'))
    throw new GatehouseError('BAD_INPUT', `Send ${scimType}, without a content encoding.`, { status: 415 });
  return smallBody(request, maxBytes);
}

function parsed(text: string): Asked['body'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw scimFault('invalidSyntax', 'The body is not valid JSON.');
  }
  if (!isObject(value)) throw scimFault('invalidSyntax', 'The body is an object.');
  return value;
}
