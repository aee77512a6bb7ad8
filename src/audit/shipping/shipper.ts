import type { Destination } from '../../config.ts';
import type { Connection } from '../../db/embedded.ts';
import { exclusively } from '../../db/lock.ts';
import type { Store } from '../../db/transaction.ts';
import type { Log } from '../../lib/log.ts';
import { pause } from '../../lib/pause.ts';
import { storable } from '../../lib/text.ts';
import { newestPlace, type Place, readAcross } from '../across.ts';
import { fileTarget } from './file.ts';
import { otlpTarget } from './otlp.ts';
import { type Target, TryLater } from './target.ts';
import { webhookTarget } from './webhook.ts';

const pollMs = 1_000;
/** Interval at which an inactive gateway tries to become the shipping one. */
const standbyMs = 3_000;
const maxBackoffMs = 60_000;

const targetOf = (destination: Destination): Target =>
  destination.to === 'file'
    ? fileTarget(destination)
    : destination.to === 'webhook'
      ? webhookTarget(destination)
      : otlpTarget(destination);

/** Shortens a message of a destination for storage. */
const brief = (text: string): string => storable(text.slice(0, 500));

/**
 * Ships the audit events of all chains to one destination, in commit order, at least once. The position is stored in
 * the database and moves after the destination has accepted a batch. Only one gateway ships at a time. If it stops,
 * another continues.
 */
export class Shipper {
  readonly #store: Store;
  readonly #connection: Connection;
  readonly #log: Log;
  readonly #destination: Destination;
  readonly #target: Target;
  readonly #closing = new AbortController();
  #wake: () => void = () => undefined;
  #off: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(store: Store, connection: Connection, log: Log, destination: Destination) {
    this.#store = store;
    this.#connection = connection;
    this.#log = log;
    this.#destination = destination;
    this.#target = targetOf(destination);
  }

  start(): void {
    this.#off = this.#store.wake.on((topic) => {
      if (topic === '*' || topic.startsWith('audit:')) this.#wake();
    });
    this.#running = this.#stand();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#off();
    await this.#running;
  }

  async #stand(): Promise<void> {
    const { name } = this.#destination;
    while (!this.#closing.signal.aborted) {
      try {
        await exclusively(this.#connection, `ship ${name}`, () => this.#ship());
      } catch (error) {
        // The database or the connection with the lock failed. A gateway continues when it is back.
        this.#log.debug('shipping is interrupted', { destination: name, error: (error as Error).message });
      }
      await this.#pause(new Promise(() => undefined), standbyMs);
    }
  }

  async #ship(): Promise<void> {
    let at = await this.#begin();
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const { promise: changed, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const events = await readAcross(this.#store.prisma, at, this.#destination.batch);
      if (events.length === 0) {
        await this.#pause(changed, pollMs);
        continue;
      }
      const wanted = events.filter(({ tenantKey }) => this.#destination.tenants?.includes(tenantKey) ?? true);
      try {
        const taken = wanted.length === 0 ? {} : await this.#target.send(wanted, this.#closing.signal);
        const { transaction, ordinal } = events.at(-1)!;
        const next = { transaction, ordinal };
        const isMoved = await this.#arrived(
          at,
          next,
          wanted.length,
          taken.rejected ?? 0,
          taken.why && brief(taken.why),
        );
        at = isMoved ? next : await this.#begin();
        if (failures > 0) this.#log.info('audit events are shipped again', { destination: this.#destination.name });
        failures = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        failures += 1;
        await this.#failed(error as Error, failures);
      }
    }
  }

  /** Returns the stored position. A new destination starts at the oldest retained event, or after the newest. */
  async #begin(): Promise<Place> {
    const { name, begin } = this.#destination;
    const { prisma } = this.#store;
    const place = begin === 'oldest' ? { transaction: 0n, ordinal: 0n } : await newestPlace(prisma);
    return prisma.auditShipping.upsert({ where: { name }, create: { name, ...place }, update: {} });
  }

  /**
   * Moves the stored position.
   * @returns false if the stored position is another one: another gateway continued, or the store was restored, and the
   * events after it are not shipped.
   */
  async #arrived(
    from: Place,
    { transaction, ordinal }: Place,
    shipped: number,
    rejected: number,
    why?: string,
  ): Promise<boolean> {
    const { name } = this.#destination;
    const moved = await this.#store.prisma.$executeRaw`
      UPDATE "AuditShipping" SET transaction = ${transaction}, ordinal = ${ordinal}, shipped = shipped + ${shipped},
        rejected = rejected + ${rejected}, "shippedAt" = now(), "failingSince" = NULL, fault = ${why ?? null}
      WHERE name = ${name} AND (transaction, ordinal) = (${from.transaction}, ${from.ordinal})`;
    if (rejected > 0)
      this.#log.error('audit events were rejected by their destination', { destination: name, rejected, why });
    return moved > 0;
  }

  async #failed(error: Error, failures: number): Promise<void> {
    const { name } = this.#destination;
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    const fault = brief(cause ?? error.message);
    if (failures === 1) this.#log.error('shipping audit events failed; retrying', { destination: name, fault });
    await this.#store.prisma.$executeRaw`
      UPDATE "AuditShipping" SET "failingSince" = COALESCE("failingSince", now()), fault = ${fault} WHERE name = ${name}`;
    const backoff = Math.min(maxBackoffMs, 250 * 2 ** failures) * (0.5 + Math.random() / 2);
    const wait = error instanceof TryLater ? Math.max(error.milliseconds, backoff) : backoff;
    await this.#pause(new Promise(() => undefined), wait);
  }

  #pause(changed: Promise<void>, milliseconds: number): Promise<void> {
    return pause(changed, [this.#closing.signal], milliseconds);
  }
}
