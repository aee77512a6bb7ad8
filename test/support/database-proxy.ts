import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { World } from './world.ts';

/** Where a connection is cut: before COMMIT arrives, or after it took effect and before its response is sent. */
export type Cut = 'before COMMIT' | 'after COMMIT';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Its packets are dropped from now on, without an error on either side. */
  lost: boolean;
  /** Its transaction has sent the awaited text. */
  marked: boolean;
}

/** A proxy between a gateway and PostgreSQL that simulates network faults. */
export class DatabaseProxy {
  port = 0;
  /** Delay of every packet in milliseconds. */
  delayMs = 0;
  readonly #target: string;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #losing = false;
  #cut: { readonly at: Cut; readonly marker: string; readonly happened: () => void } | undefined;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param folder the folder of PostgreSQL's socket. */
  static async start(folder: string): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(join(folder, '.s.PGSQL.5432'));
    await proxy.up();
    return proxy;
  }

  /** The connection through the proxy. */
  connection({ connection }: Pick<World, 'connection'>): { connectionString: string } {
    const { user, password, database } = connection;
    return { connectionString: `postgresql://${user}:${password}@127.0.0.1:${this.port}/${database}` };
  }

  up(): Promise<void> {
    return new Promise((resolve) =>
      this.#server.listen(this.port, '127.0.0.1', () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve();
      }),
    );
  }

  /** Refuses new connections and resets existing ones. */
  down(): void {
    // Connections with dropped packets stay open, because their ends must not notice.
    this.#server.close();
    this.reset();
  }

  /** Resets every connection, except those with dropped packets. */
  reset(): void {
    for (const { client, server, lost } of this.#pairs) {
      if (lost) continue;
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Drops all packets: open connections stay open, and new ones are accepted without a response. */
  lose(): void {
    this.#losing = true;
    for (const pair of this.#pairs) pair.lost = true;
  }

  /** Forwards new connections again. Connections with dropped packets do not recover. */
  find(): void {
    this.#losing = false;
  }

  /** Cuts the next transaction that sends this text and commits, at the given point. @returns once it has happened. */
  cutAt(at: Cut, marker: string): Promise<void> {
    return new Promise((resolve) => {
      this.#cut = {
        at,
        marker,
        happened: () => {
          this.#cut = undefined;
          resolve();
        },
      };
    });
  }

  close(): void {
    for (const pair of this.#pairs) pair.lost = false;
    if (this.#server.listening) this.down();
  }

  #join(client: Socket): void {
    const server = createConnection(this.#target);
    const pair: Pair = { client, server, lost: this.#losing, marked: false };
    this.#pairs.add(pair);
    client.on('data', (chunk) => {
      const cut = this.#cut;
      if (cut && chunk.includes(cut.marker)) pair.marked = true;
      if (cut?.at === 'before COMMIT' && pair.marked && chunk.includes('COMMIT')) {
        pair.lost = true;
        server.destroy();
        return cut.happened();
      }
      this.#pass(pair, server, chunk);
    });
    server.on('data', (chunk) => {
      const cut = this.#cut;
      if (cut?.at === 'after COMMIT' && pair.marked && chunk.includes('COMMIT')) {
        pair.lost = true;
        return cut.happened();
      }
      this.#pass(pair, client, chunk);
    });
    const end = () => {
      this.#pairs.delete(pair);
      // The other end of a connection with dropped packets detects it later, through keepalives.
      const both = () => {
        client.destroy();
        server.destroy();
      };
      if (pair.lost) setTimeout(both, 5_000).unref();
      else both();
    };
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', end);
  }

  #pass(pair: Pair, to: Socket, chunk: string | Uint8Array): void {
    const write = () => {
      if (!pair.lost && to.writable) to.write(chunk);
    };
    if (this.delayMs > 0) setTimeout(write, this.delayMs);
    else write();
  }
}
