import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Authenticator, Claims } from '../auth/authenticate.ts';
import { withDeadline } from '../db/deadline.ts';
import { GatehouseError } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { type Mask, withoutHttp } from '../graphql/mask.ts';
import type { StreamChannel } from '../graphql/streams/stream-channel.ts';
import { Counted } from '../lib/counted.ts';
import { newId } from '../lib/ids.ts';
import { peerOf } from '../lib/peer.ts';
import { inRequest, type RequestScope } from '../lib/request-scope.ts';
import type { Telemetry } from '../lib/telemetry.ts';
import type { ClaimsOf } from './claims.ts';
import { type ChannelExtra, closeCodes, openChannel } from './ws-channel.ts';
import { socketChannel } from './ws-stream-channel.ts';
import type { Gateway } from './yoga.ts';

export interface SocketOptions {
  readonly gateway: Gateway;
  readonly mask: Mask;
  readonly authenticator: Authenticator;
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly claimsOf: ClaimsOf;
  readonly origins: (origin: string | undefined, host: string | undefined) => boolean;
  readonly messageBytes: number;
  readonly socketsPerPrincipal: number;
  /** Maximum number of unauthenticated sockets per address. */
  readonly socketsPerAddress: number;
  readonly telemetry?: Telemetry | undefined;
}

/** The open WebSockets. */
export interface Sockets {
  readonly open: number;
  /** Closes all sockets, spread over `jitterMs`. */
  close(jitterMs: number): Promise<void>;
}

interface Extra extends ChannelExtra {
  claims?: Claims;
  /** Called after sign-in: the socket then counts for its account instead of its address. */
  readonly signedIn?: () => void;
}

const text = (params: Record<string, unknown> | undefined, name: string): string | undefined => {
  const value = Object.entries(params ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : undefined;
};

/** Time limit for a client to answer the close frame. */
const closeHandshakeMs = 1_000;

/** Maximum number of open operations per socket. */
const operationsPerSocket = 100;
const tooManyOperations = () =>
  new GatehouseError('LIMIT_EXCEEDED', `A WebSocket can have at most ${operationsPerSocket} operations at once.`, {
    limit: 'operations',
    allowed: operationsPerSocket,
  });

/** An operation that was not executed. The protocol requires an `error` message for it instead of `next`. */
class Refused extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('refused');
    this.errors = errors;
  }
}
// biome-ignore lint/correctness/useYield: graphql-ws sends `error` for a stream that fails at its start
async function* refused(errors: readonly GraphQLError[]): AsyncGenerator<never> {
  throw new Refused(errors);
}

type Run = (args: ExecutionArgs) => unknown;
/** Runs an operation in its scope. Its trace ends with its start if it is a subscription. */
function inScope(scope: RequestScope, { execute, subscribe }: { execute: Run; subscribe: Run }) {
  const { span } = scope;
  const within = (run: Run) => (args: ExecutionArgs) => {
    const result = inRequest(scope, () => run(args));
    if (span)
      void Promise.resolve(result)
        .finally(() => span.end())
        .catch(() => undefined);
    return result;
  };
  return { execute: within(execute), subscribe: within(subscribe) };
}

/** Serves graphql-transport-ws on the same path as HTTP. */
export function serveSockets(server: Server, options: SocketOptions): Sockets {
  const {
    gateway,
    mask,
    authenticator,
    addressOf,
    claimsOf,
    origins,
    messageBytes,
    socketsPerPrincipal,
    socketsPerAddress,
    telemetry,
  } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytes,
    perMessageDeflate: false,
    // The inbox answers pings, because it knows whether the client reads.
    autoPong: false,
    // At most one message or ping of a socket per turn of the event loop.
    allowSynchronousEvents: false,
    handleProtocols,
  });
  const perPrincipal = new Counted(socketsPerPrincipal);
  const beforeSignIn = new Counted(socketsPerAddress);

  const protocol = makeServer<Record<string, unknown>, Extra>({
    execute: (args: ExecutionArgs) => (args.rootValue as { execute: (args: ExecutionArgs) => never }).execute(args),
    subscribe: (args: ExecutionArgs) =>
      (args.rootValue as { subscribe: (args: ExecutionArgs) => never }).subscribe(args),
    connectionInitWaitTimeout: 5_000,
    async onConnect({ connectionParams, extra }) {
      const { request, socket } = extra;
      const upgrade = claimsOf(request);
      const claims: Claims = {
        ...upgrade,
        authorization: text(connectionParams, 'authorization') ?? upgrade.authorization,
        impersonate: text(connectionParams, 'x-gatehouse-impersonate'),
        requestId: newId(),
        callerRequestId: undefined,
      };
      const session = authenticator.session(claims);
      try {
        await session.refresh();
      } catch (error) {
        if (error instanceof GatehouseError && error.code !== 'UNAVAILABLE' && error.code !== 'POLICY_ERROR')
          return false;
        socket.close(closeCodes.tryAgainLater, 'try again later');
        return false;
      }
      if (socket.readyState !== socket.OPEN) return false;
      const leave = perPrincipal.open(session.accountId);
      if (!leave) {
        socket.close(closeCodes.tryAgainLater, 'too many sockets of this account');
        return false;
      }
      socket.once('close', leave);
      const { kind, id } = session.identity.credential;
      const isByCookie = kind === 'session' && id !== undefined;
      extra.claims = isByCookie ? { ...claims, sessionId: id } : claims;
      extra.signedIn?.();
      return true;
    },
    onSubscribe({ extra }, id, payload) {
      const span = telemetry?.trace('operation over WebSocket');
      const scope: RequestScope = { requestId: newId(), statements: 0, span };
      return inRequest(scope, () => argsOf(extra, id, payload, scope));
    },
    onOperation: (_context, _id, _payload, _args, result) =>
      'errors' in result && result.errors && result.data === undefined ? refused(result.errors) : undefined,
    onError: (_context, _id, _payload, errors) => {
      const original = errors[0]?.originalError;
      const reported = original instanceof Refused ? original.errors : errors;
      return reported.map((error) => withoutHttp(error.toJSON ? (error.toJSON() as never) : error)) as never;
    },
    onNext: (_context, _id, _payload, _args, result) =>
      result.errors
        ? ({
            ...result,
            errors: result.errors.map((error) => withoutHttp('toJSON' in error ? (error.toJSON() as never) : error)),
          } as never)
        : undefined,
  });

  /** @returns the arguments of an operation, or the errors that refuse it. */
  async function argsOf(extra: Extra, id: string, payload: SubscribePayload, scope: RequestScope) {
    const { request, claims, ids } = extra;
    const own: { channel?: StreamChannel } = {};
    const { schema, execute, subscribe, parse, validate, contextFactory } = gateway.getEnveloped({
      req: request,
      claims: { ...claims!, requestId: scope.requestId },
      params: payload,
      own,
    } as never);
    // An error of one operation ends only that operation, not the socket.
    try {
      if (ids.open > operationsPerSocket) throw tooManyOperations();
      const document = parse(payload.query);
      const faults = validate(schema, document);
      if (faults.length > 0) return faults;
      const operation = {
        schema,
        document,
        operationName: payload.operationName,
        variableValues: payload.variables,
      } as StreamChannel['operation'];
      own.channel = socketChannel(extra, id, operation, mask);
      const contextValue = await contextFactory();
      // The account is known before its limits and its turn. The first field that requires an identity reports the error.
      const { session, deadline } = contextValue as Context;
      const known = deadline
        ? Promise.race([withDeadline(deadline, () => session.refresh()), deadline.over])
        : session.refresh();
      await known.catch(() => undefined);
      return {
        ...operation,
        contextValue,
        rootValue: inScope(scope, { execute, subscribe }),
      } as ExecutionArgs;
    } catch (error) {
      return [mask(error)];
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refuse = (status: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?', 1)[0] !== '/graphql') return refuse('404 Not Found');
    if (!origins(request.headers.origin, request.headers.host)) return refuse('403 Forbidden');
    const signedIn = beforeSignIn.open(peerOf(addressOf(request)));
    if (!signedIn) return refuse('503 Service Unavailable');
    socket.once('close', signedIn);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      openChannel(protocol, webSocket, request, { signedIn });
    });
  });

  return {
    get open() {
      return sockets.clients.size;
    },
    async close(jitterMs) {
      await Promise.all(
        [...sockets.clients].map(async (socket) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * jitterMs));
          const closed = new Promise((resolve) => socket.once('close', resolve));
          socket.close(closeCodes.goingAway, 'the gateway stops; connect again and resume from your cursor');
          await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, closeHandshakeMs).unref())]);
          socket.terminate();
        }),
      );
      sockets.close();
    },
  };
}
