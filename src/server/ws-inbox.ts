import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Allowance } from '../lib/allowance.ts';

/** Messages and pings that a socket may send in a second, and in a burst. */
const perSecond = 500;
const burst = 1_000;
/** Messages that may be in work at once: the operations of a socket, and what refuses more of them. */
const maxRunning = 150;
/** Messages that are taken in a row before other sockets get the thread. */
const turn = 20;

/**
 * What a socket sends, taken one after the other for as long as it reads what it is sent. Where its outgoing side is
 * full, or where it sends too much, nothing more is read from it: what waits for it here is bounded by what the network
 * had delivered by then.
 */
export class Inbox {
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly #take: (text: string) => Promise<unknown>;
  readonly #allowance = new Allowance(perSecond, burst);
  #waiting: string[] = [];
  /** The data of the last ping that has no pong yet. One pong answers all pings before it. */
  #ping: Buffer | undefined;
  #running = 0;
  #isGoing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, raw: Socket, take: (text: string) => Promise<unknown>) {
    this.#socket = socket;
    this.#raw = raw;
    this.#take = take;
    socket.on('message', (data) => this.#put(() => this.#waiting.push(String(data))));
    socket.on('ping', (data) => {
      this.#put(() => {
        this.#ping = data;
      });
    });
    socket.on('pong', () => this.#put(() => undefined));
    raw.on('drain', this.#go);
    socket.once('close', () => {
      raw.off('drain', this.#go);
      clearTimeout(this.#timer);
      this.#waiting = [];
    });
  }

  #put(keep: () => void): void {
    this.#allowance.take();
    keep();
    this.#go();
  }

  readonly #go = (): void => {
    if (this.#isGoing || this.#timer) return;
    this.#isGoing = true;
    setImmediate(this.#next);
  };

  readonly #next = (): void => {
    this.#isGoing = false;
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) {
      this.#drop();
      return;
    }
    for (let i = 0; i < turn && this.#mayGo(); i += 1) {
      if (this.#ping) {
        const data = this.#ping;
        this.#ping = undefined;
        socket.pong(data);
        continue;
      }
      const text = this.#waiting.shift();
      if (text === undefined) break;
      this.#running += 1;
      void this.#take(text).finally(() => {
        this.#running -= 1;
        if (socket.isPaused) this.#go();
      });
    }
    const isIdle = this.#waiting.length === 0 && this.#ping === undefined;
    const mayGo = this.#mayGo();
    if (isIdle && mayGo) {
      if (socket.isPaused) socket.resume();
      return;
    }
    socket.pause();
    if (mayGo) this.#go();
    else this.#later();
  };

  #mayGo(): boolean {
    return !this.#raw.writableNeedDrain && this.#running < maxRunning && this.#allowance.wait === 0;
  }

  /** A full socket tells when it has drained, and running work when it ends; only the allowance needs a clock. */
  #later(): void {
    const { wait } = this.#allowance;
    if (wait === 0) {
      // It may have come back since it was asked for: then nothing else would begin again.
      if (this.#mayGo()) this.#go();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#go();
    }, wait);
  }

  /** The socket closes: the goodbye of its peer is still to be read. */
  #drop(): void {
    this.#waiting = [];
    this.#ping = undefined;
    if (this.#socket.isPaused) this.#socket.resume();
  }
}
