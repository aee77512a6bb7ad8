/**
 * Maps the operation ids of a client to ids that are unique within the socket. The protocol allows a client to reuse an
 * id as soon as it has completed the operation. graphql-ws may still be cleaning up the old operation and would end the
 * new one with it. Also drops messages of operations that the client has completed.
 */
export class OperationIds {
  readonly #byClient = new Map<string, string>();
  readonly #byOwn = new Map<string, string>();
  #count = 0;

  /** Number of operations that can still send messages to the client. */
  get open(): number {
    return this.#byOwn.size;
  }

  /** Translates a message from the client. An invalid message is passed on unchanged, so that graphql-ws refuses it. */
  incoming(text: string): string {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return text;
    }
    if (typeof message !== 'object' || message === null) return text;
    const { type, id } = message as { type?: unknown; id?: unknown };
    // Messages that only a server sends are invalid here, but graphql-ws would report them as its own fault (4500).
    if (type === 'connection_ack' || type === 'next' || type === 'error') return '';
    if (typeof id !== 'string' || id === '') return text;
    if (type === 'subscribe') return JSON.stringify({ ...message, id: this.#own(id) });
    if (type !== 'complete') return text;
    const own = this.#byClient.get(id);
    if (own === undefined) return JSON.stringify({ ...message, id: 'unknown' });
    this.#forget(own, id);
    return JSON.stringify({ ...message, id: own });
  }

  /** Translates a message to the client. Undefined if the client has completed the operation. */
  outgoing(text: string): string | undefined {
    const [head, own] = /^\{"id":"(g\d+)"/.exec(text) ?? [];
    if (head === undefined || own === undefined) return text;
    const id = this.#byOwn.get(own);
    if (id === undefined) return undefined;
    const rest = text.slice(head.length);
    if (/^,"type":"(error|complete)"/.test(rest)) this.#forget(own, id);
    return `{"id":${JSON.stringify(id)}${rest}`;
  }

  /** Returns true if the operation can still send messages to the client. */
  isOpen(own: string): boolean {
    return this.#byOwn.has(own);
  }

  /** Returns the beginning of a `next` message of an operation. Undefined if the client has completed it. */
  headOf(own: string): string | undefined {
    const id = this.#byOwn.get(own);
    return id === undefined ? undefined : `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  }

  #own(id: string): string {
    const known = this.#byClient.get(id);
    if (known !== undefined) return known;
    const own = `g${this.#count++}`;
    this.#byClient.set(id, own);
    this.#byOwn.set(own, id);
    return own;
  }

  #forget(own: string, id: string): void {
    this.#byOwn.delete(own);
    this.#byClient.delete(id);
  }
}
