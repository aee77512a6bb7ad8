import { withoutDeadline } from '../db/deadline.ts';
import type { Store } from '../db/transaction.ts';
import { readSql } from '../db/tx.ts';
import { unauthenticated } from '../errors.ts';
import { type Ceiling, limitedBy } from '../policy/principals/ceiling.ts';
import type { Principals } from '../policy/principals/principal-cache.ts';
import type { Freshness } from '../policy/session/freshness.ts';
import type { Identity } from '../policy/session/identity.ts';
import type { Keys } from './keys.ts';
import { lastUseMs, StoredCredentials } from './stored-credentials.ts';
import { isToken, tokenHash } from './token.ts';

/** For an extended token, at least every sixtieth of its max age, because its expiry depends on its last use. */
const writtenEvery = ({ extended, maxAgeSeconds }: Pick<Known, 'extended' | 'maxAgeSeconds'>): number =>
  extended && maxAgeSeconds !== null ? Math.min(lastUseMs, (maxAgeSeconds * 1_000) / 60) : lastUseMs;

interface Known {
  readonly hash: string;
  readonly id: string;
  readonly principalId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly extended: boolean;
  readonly maxAgeSeconds: number | null;
  readonly ceiling: Ceiling | null;
  readonly revision: bigint;
}

const tokensSql = `
  SELECT hash, id, "principalId", "createdAt", "expiresAt", "lastUsedAt", "revokedAt", extended, "maxAgeSeconds", ceiling,
    (SELECT revision FROM "AccessState") AS revision
  FROM "ApiToken" WHERE hash = ANY($1::text[])`;
const readTokens = ({ prisma }: Store, hashes: readonly string[]) =>
  readSql<Known>(prisma, { text: tokensSql, values: [hashes], isKept: true });

export interface ApiTokenOptions {
  readonly store: Store;
  readonly principals: Principals;
  readonly freshness: Freshness;
  readonly keys: Keys;
}

/** Sign-in by an API token. */
export class ApiTokens {
  readonly #options: ApiTokenOptions;
  readonly #known: StoredCredentials<Known>;

  constructor(options: ApiTokenOptions) {
    this.#options = options;
    const { store, freshness } = options;
    this.#known = new StoredCredentials({ freshness, read: (hashes) => readTokens(store, hashes), isOver });
  }

  /** Clears the cache, because the store has another history. */
  forget(): void {
    this.#known.forget();
  }

  /** @param token the text after `Bearer `. */
  identifier(token: string): () => Promise<Identity> {
    // Checks the checksum first, so that a typo costs no query.
    const hash = isToken(token) ? tokenHash(this.#options.keys, token) : undefined;
    let failed = hash === undefined;
    return async () => {
      // A request authenticates once for each of its fields. A refused token is refused for all of them.
      if (failed || hash === undefined) throw unauthenticated();
      const now = new Date();
      const found = await this.#known.find(hash, now);
      failed = !found;
      if (!found) throw unauthenticated();
      const principal = await this.#options.principals.get(found.principalId);
      if (principal.disabled || !principal.authMethods.includes('API_TOKEN')) throw unauthenticated();
      const { id, createdAt, expiresAt, lastUsedAt, ceiling } = found;
      // A stream authenticates again every minute, so the token is in use for as long as the stream is allowed.
      const again = new Date(now.getTime() + lastUseMs);
      return {
        principal: limitedBy(ceiling, principal),
        ...(ceiling && { ceiling }),
        credential: { kind: 'api-token', id, ownerKind: principal.kind, createdAt, expiresAt, lastUsedAt },
        revision: found.revision < principal.revision ? found.revision : principal.revision,
        until: expiresAt && expiresAt < again ? expiresAt : again,
        used: () => this.#markUse(hash),
      };
    };
  }

  /**
   * Records the use of a token after an allowed action. A refused request does not count, so that attempts do not
   * refresh a stale token. It also extends the expiry of a valid extended token: never backwards, and never past its
   * max expiry.
   */
  async #markUse(hash: string): Promise<void> {
    const now = new Date();
    const found = this.#known.get(hash);
    if (!found) return;
    const every = writtenEvery(found);
    if (found.lastUsedAt && now.getTime() - found.lastUsedAt.getTime() < every) return;
    const before = new Date(now.getTime() - every);
    const rows = await withoutDeadline(
      () => this.#options.store.prisma.$queryRaw<Pick<Known, 'expiresAt' | 'lastUsedAt'>[]>`
      UPDATE "ApiToken" SET "lastUsedAt" = ${now}, "expiresAt" = CASE WHEN extended
        THEN GREATEST("expiresAt", LEAST(${now}::timestamptz + "maxAgeSeconds" * interval '1 second', "maxExpiresAt"))
        ELSE "expiresAt" END
      WHERE id = ${found.id} AND "revokedAt" IS NULL AND ("expiresAt" IS NULL OR "expiresAt" > ${now})
        AND ("lastUsedAt" IS NULL OR "lastUsedAt" <= ${before})
      RETURNING "expiresAt", "lastUsedAt"`,
    );
    // If another gateway updated or revoked the token in the meantime, the next request reads it again.
    if (!rows[0] || !this.#known.replace(hash, found, { ...found, ...rows[0] })) await this.#known.read(hash);
  }
}

/** True from the expiry on (inclusive), or once revoked, regardless of another gateway's clock. */
const isOver = ({ revokedAt, expiresAt }: Known, now: Date): boolean =>
  revokedAt !== null || (expiresAt !== null && expiresAt <= now);
