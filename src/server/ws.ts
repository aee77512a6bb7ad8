import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator, Claims } from '../auth/authenticate.ts';
import { GatehouseError } from '../errors.ts';
import { type Mask, withoutHttp } from '../graphql/mask.ts';
import { newId } from '../lib/ids.ts';
import type { Gateway } from './yoga.ts';

/** Codes with which the gateway itself closes a socket. */
export const closeCodes = { goingAway: 1001, tryAgainLater: 1013 } as const;

export interface SocketOptions {
  readonly gateway: Gateway;
  readonly mask: Mask;
  readonly authenticator: Authenticator;
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly origins: (origin: string | undefined, host: string | undefined) => boolean;
  readonly messageBytes: number;
  readonly socketsPerPrincipal: number;
}

interface Extra extends Record<PropertyKey, unknown> {
  claims: Claims;
}

const text = (params: Record<string, unknown> | undefined, name: string): string | undefined => {
  const value = Object.entries(params ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : undefined;
};

/** graphql-transport-ws on the same path as HTTP. @returns how to end all sockets, spread over `jitterMs`. */
export function serveSockets(server: Server, options: SocketOptions): (jitterMs: number) => Promise<void> {
  const { gateway, mask, authenticator, addressOf, origins, messageBytes, socketsPerPrincipal } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytes, perMessageDeflate: false });
  const perPrincipal = new Map<string, number>();

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refuse = (status: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?', 1)[0] !== '/graphql') return refuse('404 Not Found');
    if (!origins(request.headers.origin, request.headers.host)) return refuse('403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // What breaks one socket (a message too large, a reset) ends that socket and nothing else.
      webSocket.on('error', () => webSocket.terminate());
      sockets.emit('connection', webSocket, request);
    });
  });

  const served = useServer<Record<string, unknown>, Extra>(
    {
      execute: (args: ExecutionArgs) => (args.rootValue as { execute: (args: ExecutionArgs) => never }).execute(args),
      subscribe: (args: ExecutionArgs) =>
        (args.rootValue as { subscribe: (args: ExecutionArgs) => never }).subscribe(args),
      connectionInitWaitTimeout: 5_000,
      async onConnect({ connectionParams, extra }) {
        const { request, socket } = extra as unknown as { request: IncomingMessage; socket: WebSocket };
        const claims: Claims = {
          authorization: text(connectionParams, 'authorization') ?? request.headers.authorization,
          impersonate: text(connectionParams, 'x-gatehouse-impersonate'),
          ip: addressOf(request),
          requestId: newId(),
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
        const { id } = session.principal;
        const open = (perPrincipal.get(id) ?? 0) + 1;
        if (open > socketsPerPrincipal) {
          socket.close(closeCodes.tryAgainLater, 'too many sockets of this account');
          return false;
        }
        perPrincipal.set(id, open);
        socket.once('close', () => {
          const left = perPrincipal.get(id)! - 1;
          if (left > 0) perPrincipal.set(id, left);
          else perPrincipal.delete(id);
        });
        (extra as unknown as Extra).claims = claims;
        return true;
      },
      async onSubscribe({ extra }, _id, payload) {
        const { request, claims } = extra as unknown as { request: IncomingMessage; claims: Claims };
        const { schema, execute, subscribe, parse, validate, contextFactory } = gateway.getEnveloped({
          req: request,
          claims: { ...claims, requestId: newId() },
          params: payload,
        } as never);
        // A fault of one operation is told to that operation: the socket and the others on it live on.
        try {
          const document = parse(payload.query);
          const faults = validate(schema, document);
          if (faults.length > 0) return faults;
          if (!getOperationAST(document, payload.operationName))
            return [new GraphQLError('There is no such operation in the document.')];
          return {
            schema,
            document,
            operationName: payload.operationName,
            variableValues: payload.variables,
            contextValue: await contextFactory(),
            rootValue: { execute, subscribe },
          } as ExecutionArgs;
        } catch (error) {
          return [mask(error)];
        }
      },
      onError: (_context, _id, _payload, errors) =>
        errors.map((error) => withoutHttp(error.toJSON ? (error.toJSON() as never) : error)) as never,
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors
          ? ({
              ...result,
              errors: result.errors.map((error) => withoutHttp('toJSON' in error ? (error.toJSON() as never) : error)),
            } as never)
          : undefined,
    },
    sockets,
    12_000,
  );

  return async (jitterMs) => {
    const open = [...sockets.clients];
    await Promise.all(
      open.map(async (socket) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * jitterMs));
        socket.close(closeCodes.goingAway, 'the gateway stops; connect again and resume from your cursor');
      }),
    );
    await Promise.race([served.dispose(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    for (const socket of sockets.clients) socket.terminate();
  };
}
