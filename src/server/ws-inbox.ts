import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Allowance } from '../lib/allowance.ts';

/** Allowed messages and pings of a socket per second, and in a burst. */
const perSecond = 500;
const burst = 1_000;
/** Maximum number of messages in progress: the operations of a socket, and the refusals of further ones. */
const maxRunning = 150;
/** Maximum number of messages handled before other sockets get a turn. */
const perTurn = 20;

/**
 * Handles the messages of a socket in order, as long as the client reads what it is sent. If the outgoing buffer is
 * full or the client sends too much, the socket is paused. The backlog is then limited to what has already arrived.
 */
export class Inbox {
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly #take: (text: string) => Promise<unknown>;
  readonly #allowance = new Allowance(perSecond, burst);
  #waiting: string[] = [];
  /** The data of the last unanswered ping. One pong answers all earlier pings. */
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
    for (let i = 0; i < perTurn && this.#mayGo(); i += 1) {
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

  /** A full socket and running work trigger the next turn themselves. Only the allowance needs a timer. */
  #later(): void {
    const { wait } = this.#allowance;
    if (wait === 0) {
      // The allowance can have recovered in the meantime. No other event would then start the next turn.
      if (this.#mayGo()) this.#go();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#go();
    }, wait);
  }

  /** The socket is closing. Resume it so that the close frame of the client is read. */
  #drop(): void {
    this.#waiting = [];
    this.#ping = undefined;
    if (this.#socket.isPaused) this.#socket.resume();
  }
}
