import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql';
import { type Permission, split } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { readResource } from '../../access/resource.ts';
import type { Tx } from '../../db/transaction.ts';
import { badInput, conflict } from '../../errors.ts';
import { open, seal } from '../../lib/envelope.ts';
import { canonicalJson, type Json } from '../../lib/json.ts';
import { keyedHash } from '../../lib/keyed-hash.ts';
import { tag, untag } from '../../lib/tagged-json.ts';
import type { Scope } from '../../policy/decide/decision.ts';
import { evidenceOf } from '../../policy/decisions/evidence.ts';
import type { Context } from '../context.ts';
import { type Kept, keep, type Restored, restore } from './replay.ts';
import type { Target } from './target.ts';

/** How long a result is kept. */
const keptSeconds = 86_400;

/** A permission that the first request used, and the rows that it deleted with it. */
interface Right {
  readonly permission: Permission;
  readonly scope: Scope;
  readonly gone: readonly Row[];
}

/** The stored result of a key. */
interface First {
  readonly target: Target;
  readonly rights: readonly Right[];
  readonly answer: Kept;
}

/** Another transaction used the same key first. */
export class Taken extends Error {}
/** Another transaction with the same key is running. */
export class Busy extends Error {}

/**
 * One request with an idempotencyKey. The key belongs to the caller (and impersonator), the mutation and its input
 * without `reason`; another input is a CONFLICT. It is stored in the transaction of the mutation, so a failed mutation
 * stores none. A second request with the key waits for the first, without holding resources.
 */
export class KeyedRequest {
  readonly #context: Context;
  readonly #info: GraphQLResolveInfo;
  readonly #payload: GraphQLObjectType;
  readonly #owner: readonly [principalId: string, impersonatorId: string, key: string];
  readonly #asked: readonly string[];

  constructor(context: Context, info: GraphQLResolveInfo, payload: GraphQLObjectType, key: string, input: object) {
    const { principal, impersonator } = context.session.identity;
    const { reason: _reason, idempotencyKey: _key, ...content } = input as Record<string, unknown>;
    this.#context = context;
    this.#info = info;
    this.#payload = payload;
    this.#owner = [principal.id, impersonator?.id ?? '', key];
    // With every known master key, the current one first, since it can be rotated meanwhile.
    this.#asked = context.keys.idempotency.map((one) =>
      keyedHash(one, ...this.#owner, info.fieldName, canonicalJson(content)),
    );
  }

  /** The result of the first request; undefined if none. @throws CONFLICT if its input differs. */
  async find(): Promise<First | undefined> {
    const [principalId, impersonatorId, key] = this.#owner;
    const [row] = await this.#context.db.$queryRaw<{ asked: string; answer: string }[]>`
      SELECT asked, answer FROM "IdempotencyKey"
      WHERE "principalId" = ${principalId} AND "impersonatorId" = ${impersonatorId} AND key = ${key}
        AND "createdAt" > now() - make_interval(secs => ${keptSeconds})`;
    if (!row) return undefined;
    const by = this.#context.keys.idempotency[this.#asked.indexOf(row.asked)];
    if (!by) throw conflict('This idempotencyKey was used for another request. Use a new key for each request.');
    return untag(JSON.parse(open(by, row.answer, this.#owner).toString()) as Json) as First;
  }

  /**
   * Reserves the key, first of all in the transaction. Does not wait for another holder: this one may hold the access
   * lock, which blocks all writers. @throws Busy, Taken.
   */
  async take(tx: Tx): Promise<void> {
    const [principalId, impersonatorId, key] = this.#owner;
    const [lock] = await tx.$queryRaw<{ isFree: boolean }[]>`
      SELECT pg_try_advisory_xact_lock(hashtextextended(${this.#lock}, 0)) AS "isFree"`;
    if (!lock!.isFree) throw new Busy();
    const taken = await tx.$executeRaw`
      INSERT INTO "IdempotencyKey" AS kept ("principalId", "impersonatorId", key, asked, answer)
      VALUES (${principalId}, ${impersonatorId}, ${key}, ${this.#asked[0]}, '')
      ON CONFLICT ("principalId", "impersonatorId", key) DO UPDATE
        SET asked = EXCLUDED.asked, answer = '', "createdAt" = now()
        WHERE kept."createdAt" <= now() - make_interval(secs => ${keptSeconds})`;
    if (taken === 0) throw new Taken();
  }

  /** Waits until no transaction holds the key. */
  async settled(): Promise<void> {
    await this.#context.db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${this.#lock}, 0))`;
  }

  get #lock(): string {
    return `idempotency ${JSON.stringify(this.#owner)}`;
  }

  /** Stores the result and the permissions it was decided with. */
  async keep(tx: Tx, target: Target, outcome: object): Promise<void> {
    const rights = evidenceOf(tx).flatMap(({ decision: { outcome: of, permission, scope }, reviews }) => {
      const gone = reviews.flatMap(({ before, after }) => (before !== null && after === null ? [before] : []));
      return of.effect === 'allow' ? [{ permission, scope, gone }] : [];
    });
    const { scope, tenant, id, permission, resource } = target;
    const answer = await keep(this.#payload, outcome, this.#context, this.#info);
    const kept = { target: { scope, tenant, id, permission, resource }, rights, answer };
    const sealed = seal(this.#context.keys.idempotency[0]!, Buffer.from(JSON.stringify(tag(kept))), this.#owner);
    const [principalId, impersonatorId, key] = this.#owner;
    await tx.$executeRaw`
      UPDATE "IdempotencyKey" SET answer = ${sealed}
      WHERE "principalId" = ${principalId} AND "impersonatorId" = ${impersonatorId} AND key = ${key}`;
  }

  /**
   * Returns the first result again: decided with current permissions, with current objects, without one-time values.
   * @throws FORBIDDEN, NOT_FOUND.
   */
  async answer({ rights, answer }: First): Promise<Restored> {
    const { session } = this.#context;
    await session.freshness.confirm();
    await session.refresh();
    for (const { permission, scope, gone } of rights) {
      const grant = session.grant(permission, scope);
      for (const row of gone) if (!grant.matches(row)) throw grant.refusalOf(row);
    }
    return (await restore(this.#payload, answer, this.#context, (resource, row) =>
      rights.some(
        ({ permission, scope }) =>
          readResource(split(permission)[0]) === resource && session.can(permission, row, scope),
      ),
    )) as Restored;
  }
}

/** @throws BAD_INPUT if the key is invalid or the request has no effect to store. */
export function checkKey(key: string, dryRun: boolean): void {
  const at = ['input', 'idempotencyKey'];
  if (!/^[^\p{C}]{1,200}$/u.test(key)) throw badInput(at, 'A key must have 1 to 200 printable characters.');
  if (dryRun) throw badInput(at, 'A dry run cannot have an idempotencyKey.');
}

/** Deletes keys older than a day. */
export async function pruneIdempotencyKeys(db: Pick<Tx, '$executeRaw'>): Promise<void> {
  await db.$executeRaw`
    DELETE FROM "IdempotencyKey" WHERE ("principalId", "impersonatorId", key) IN (
      SELECT "principalId", "impersonatorId", key FROM "IdempotencyKey"
      WHERE "createdAt" <= now() - make_interval(secs => ${keptSeconds}) LIMIT 5000 FOR UPDATE SKIP LOCKED)`;
}
