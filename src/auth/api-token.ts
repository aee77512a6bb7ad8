import type { Store } from '../db/transaction.ts';
import { unauthenticated } from '../errors.ts';
import type { Freshness } from '../policy/freshness.ts';
import type { Principals } from '../policy/principals.ts';
import type { Identity } from '../policy/session.ts';
import type { Keys } from './keys.ts';
import { isToken, tokenHash } from './token.ts';

/** Last use is written at most this often. */
const lastUseMs = 60_000;
const greatestCache = 50_000;

interface Known {
  readonly id: string;
  readonly principalId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly extended: boolean;
  readonly revision: bigint;
}

export interface ApiTokenOptions {
  readonly store: Store;
  readonly principals: Principals;
  readonly freshness: Freshness;
  readonly keys: Keys;
}

/** Sign-in by an API token. */
export class ApiTokens {
  readonly #options: ApiTokenOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: ApiTokenOptions) {
    this.#options = options;
  }

  /** @param token what follows `Bearer `. */
  identifier(token: string): () => Promise<Identity> {
    // The checksum first: a typo costs no look-up.
    const hash = isToken(token) ? tokenHash(this.#options.keys, token) : undefined;
    return async () => {
      if (hash === undefined) throw unauthenticated();
      const found = await this.#use(hash);
      const principal = await this.#options.principals.get(found.principalId);
      if (principal.disabled || !principal.authMethods.includes('API_TOKEN')) throw unauthenticated();
      const { id, createdAt, expiresAt, lastUsedAt } = found;
      return {
        principal,
        credential: { kind: 'api-token', id, createdAt, expiresAt, lastUsedAt },
        revision: found.revision < principal.revision ? found.revision : principal.revision,
        ...(expiresAt && { until: expiresAt }),
      };
    };
  }

  async #use(hash: string): Promise<Known> {
    const now = new Date();
    let found = this.#known.get(hash);
    if (!found || found.revision < this.#options.freshness.state.revision || isOver(found, now)) {
      found = await this.#read(hash);
    }
    if (!found || isOver(found, now)) throw unauthenticated();
    if (!found.lastUsedAt || now.getTime() - found.lastUsedAt.getTime() >= lastUseMs) {
      found = await this.#markUse(hash, found, now);
    }
    return found;
  }

  async #read(hash: string): Promise<Known | undefined> {
    const rows = await this.#options.store.prisma.$queryRaw<Known[]>`
      SELECT id, "principalId", "createdAt", "expiresAt", "lastUsedAt", "revokedAt", extended,
        (SELECT revision FROM "AccessState") AS revision
      FROM "ApiToken" WHERE hash = ${hash}`;
    const found = rows[0];
    if (!found) return undefined;
    if (this.#known.size >= greatestCache) this.#known.clear();
    this.#known.set(hash, found);
    return found;
  }

  /** Also pushes the expiry of an extended token that is still valid: never backwards, never past its greatest age. */
  async #markUse(hash: string, found: Known, now: Date): Promise<Known> {
    const before = new Date(now.getTime() - lastUseMs);
    const rows = await this.#options.store.prisma.$queryRaw<Pick<Known, 'expiresAt' | 'lastUsedAt'>[]>`
      UPDATE "ApiToken" SET "lastUsedAt" = ${now}, "expiresAt" = CASE WHEN extended
        THEN GREATEST("expiresAt", LEAST(${now}::timestamptz + "maxAgeSeconds" * interval '1 second', "greatestExpiry"))
        ELSE "expiresAt" END
      WHERE id = ${found.id} AND "revokedAt" IS NULL AND ("expiresAt" IS NULL OR "expiresAt" > ${now})
        AND ("lastUsedAt" IS NULL OR "lastUsedAt" <= ${before})
      RETURNING "expiresAt", "lastUsedAt"`;
    // Another gateway may have written it meanwhile, or it ended: read what holds now.
    const next = rows[0] ? { ...found, ...rows[0] } : await this.#read(hash);
    if (!next || isOver(next, now)) throw unauthenticated();
    this.#known.set(hash, next);
    return next;
  }
}

/** Valid until its expiry, that instant not included; revoked at once, whatever another gateway's clock says. */
const isOver = ({ revokedAt, expiresAt }: Known, now: Date): boolean =>
  revokedAt !== null || (expiresAt !== null && expiresAt <= now);
