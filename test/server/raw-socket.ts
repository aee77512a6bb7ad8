import { once } from 'node:events';
import WebSocket from 'ws';
import { until } from './tools.ts';

export interface Message {
  type: string;
  id?: string;
  payload?: any;
}

/** A raw socket that speaks graphql-transport-ws by hand. */
export class Socket {
  readonly ws: WebSocket;
  readonly messages: Message[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(url: string, options: WebSocket.ClientOptions = {}, protocol = 'graphql-transport-ws') {
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, { perMessageDeflate: false, ...options });
    this.ws.on('error', () => undefined);
    this.ws.on('message', (data) => this.messages.push(JSON.parse(String(data)) as Message));
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
  }
  async open(): Promise<this> {
    if (this.ws.readyState !== WebSocket.OPEN) await once(this.ws, 'open');
    return this;
  }
  send(message: object | string): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
  async init(payload: object = {}): Promise<this> {
    await this.open();
    this.send({ type: 'connection_init', payload });
    await until('an ack', () => this.messages.some(({ type }) => type === 'connection_ack') || this.closed);
    return this;
  }
  subscribe(id: string, query: string, more: object = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, ...more } });
  }
  of(id: string): Message[] {
    return this.messages.filter((message) => message.id === id);
  }
  async code(milliseconds = 7_000): Promise<number> {
    await until('a close', () => this.closed, milliseconds);
    return this.closed!.code;
  }
  end(): void {
    this.ws.terminate();
  }
}
