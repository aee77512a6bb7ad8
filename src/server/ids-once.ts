/**
 * Gives every operation of a socket an id of its own inside the gateway. The protocol lets a client use an id again as
 * soon as it completed it; graphql-ws still tidies up after the old operation then, and would take the new one along.
 * Also keeps back what an operation says after its client completed it.
 */
export class IdsOnce {
  readonly #byClient = new Map<string, string>();
  readonly #byOwn = new Map<string, string>();
  #count = 0;

  /** Operations that the client may still hear of. */
  get open(): number {
    return this.#byOwn.size;
  }

  /** A message of the client, as graphql-ws is to see it. What is no message goes on as it is, to be refused. */
  incoming(text: string): string {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return text;
    }
    if (typeof message !== 'object' || message === null) return text;
    const { type, id } = message as { type?: unknown; id?: unknown };
    // What only a server says is no message here: graphql-ws itself takes it for a fault of its own (4500).
    if (type === 'connection_ack' || type === 'next' || type === 'error') return '';
    if (typeof id !== 'string' || id === '') return text;
    if (type === 'subscribe') return JSON.stringify({ ...message, id: this.#own(id) });
    if (type !== 'complete') return text;
    const own = this.#byClient.get(id);
    if (own === undefined) return JSON.stringify({ ...message, id: 'unknown' });
    this.#forget(own, id);
    return JSON.stringify({ ...message, id: own });
  }

  /** A message to the client with its own id; undefined where it is over for the client. */
  outgoing(text: string): string | undefined {
    const [head, own] = /^\{"id":"(g\d+)"/.exec(text) ?? [];
    if (head === undefined || own === undefined) return text;
    const id = this.#byOwn.get(own);
    if (id === undefined) return undefined;
    const rest = text.slice(head.length);
    if (/^,"type":"(error|complete)"/.test(rest)) this.#forget(own, id);
    return `{"id":${JSON.stringify(id)}${rest}`;
  }

  /** May the client still hear of this operation? */
  isOpen(own: string): boolean {
    return this.#byOwn.has(own);
  }

  /** How the items of an operation begin; undefined where it is over for the client. */
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
