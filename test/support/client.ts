import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createClient as createSocketClient, type Client as SocketClient } from 'graphql-ws';
import WebSocket from 'ws';

export interface Answer<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Data | null | undefined;
  readonly errors: readonly {
    message: string;
    path?: (string | number)[];
    extensions: { code: string; [key: string]: unknown };
  }[];
}

type Document<Data, Variables> = TypedDocumentNode<Data, Variables> | string;
const textOf = (document: Document<never, never>): string =>
  typeof document === 'string' ? document : print(document as never);

/** A client of a gateway like a custom frontend: typed documents over HTTP, SSE and WebSocket. */
export class Client {
  readonly url: string;
  readonly headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string>) {
    this.url = url;
    this.headers = headers;
  }

  as(headers: Record<string, string>): Client {
    return new Client(this.url, { ...this.headers, ...headers });
  }

  async run<Data = Record<string, never>, Variables = Record<string, unknown>>(
    document: Document<Data, Variables>,
    variables?: Variables,
  ): Promise<Answer<Data>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.headers },
      body: JSON.stringify({ query: textOf(document as never), variables }),
    });
    const body = (await response.json()) as { data?: Data; errors?: Answer<Data>['errors'] };
    return { status: response.status, headers: response.headers, data: body.data, errors: body.errors ?? [] };
  }

  /** Returns the data. Throws if there is an error. */
  async ok<Data = any, Variables = Record<string, unknown>>(
    document: Document<Data, Variables>,
    variables?: Variables,
  ): Promise<Data> {
    const { data, errors } = await this.run(document, variables);
    if (errors.length > 0 || data == null) throw new Error(`expected no error: ${JSON.stringify(errors)}`);
    return data;
  }

  /** Returns the codes of all errors. */
  async codes<Data, Variables = Record<string, unknown>>(
    document: Document<Data, Variables>,
    variables?: Variables,
  ): Promise<string[]> {
    return (await this.run(document, variables)).errors.map(({ extensions }) => extensions.code);
  }

  /** Follows a subscription over SSE until the signal or its end. Each item is one execution result. */
  async *sse<Data = any>(
    document: Document<Data, never>,
    variables: Record<string, unknown>,
    signal: AbortSignal,
  ): AsyncGenerator<{ data?: Data; errors?: Answer<Data>['errors'] }> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...this.headers },
      body: JSON.stringify({ query: textOf(document as never), variables }),
      signal,
    });
    let text = '';
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          if (/^event: complete/m.test(event)) return;
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data) yield JSON.parse(data);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** A graphql-transport-ws client that signs in with the same headers, and like a browser with the same cookie. */
  socket(options: Partial<Parameters<typeof createSocketClient>[0]> = {}): SocketClient {
    const { cookie, origin, ...connectionParams } = this.headers;
    class WithCookie extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers: { ...(cookie && { cookie }), ...(origin && { origin }) } });
      }
    }
    return createSocketClient({
      url: `${this.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WithCookie,
      connectionParams,
      retryAttempts: 0,
      ...options,
    });
  }
}
