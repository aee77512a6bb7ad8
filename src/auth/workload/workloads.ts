import { withoutDeadline } from '../../db/deadline.ts';
import type { Store } from '../../db/transaction.ts';
import { unauthenticated } from '../../errors.ts';
import { type Ceiling, limitedBy } from '../../policy/principals/ceiling.ts';
import type { Principals } from '../../policy/principals/principal-cache.ts';
import type { Freshness } from '../../policy/session/freshness.ts';
import type { Identity } from '../../policy/session/identity.ts';
import { lastUseMs, StoredCredentials } from '../stored-credentials.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { type Claimed, claimed, skewSeconds } from './jwt.ts';
import { matchesSubject } from './subject.ts';

interface Trust {
  readonly id: string;
  readonly principalId: string;
  readonly subject: string;
  readonly ceiling: Ceiling | null;
}
/** The trusts of an issuer and an audience. They belong to one service account. */
interface Known {
  readonly hash: string;
  readonly trusts: readonly Trust[];
  readonly revision: bigint;
}

const nameOf = (issuer: string, audience: string): string => JSON.stringify([issuer, audience]);

const readTrusts = ({ prisma }: Store, names: readonly string[]) => {
  const pairs = names.map((name) => JSON.parse(name) as [string, string]);
  return prisma.$queryRaw<Known[]>`
    SELECT w.name AS hash, (SELECT revision FROM "AccessState") AS revision,
      COALESCE((SELECT json_agg(json_build_object(
        'id', t.id, 'principalId', t."serviceAccountId", 'subject', t.subject, 'ceiling', t.ceiling) ORDER BY t.id)
        FROM "WorkloadTrust" t WHERE t.issuer = w.issuer AND t.audience = w.audience), '[]') AS trusts
    FROM unnest(${[...names]}::text[], ${pairs.map(([issuer]) => issuer)}::text[],
      ${pairs.map(([, audience]) => audience)}::text[]) AS w(name, issuer, audience)`;
};

export interface WorkloadOptions {
  readonly store: Store;
  readonly principals: Principals;
  readonly freshness: Freshness;
  /** The issuers that the operator allows. */
  readonly issuers: readonly string[];
  /** Max milliseconds for one answer of an issuer. */
  readonly timeoutMs: number;
}

/** Sign-in by the token of an issuer that a service account trusts, such as that of a CI job. */
export class Workloads {
  readonly #options: WorkloadOptions;
  readonly #issuers: ReadonlyMap<string, IssuerKeys>;
  readonly #known: StoredCredentials<Known>;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    const { store, freshness, issuers, timeoutMs } = options;
    this.#issuers = new Map(issuers.map((issuer) => [issuer, new IssuerKeys(issuer, timeoutMs)]));
    this.#known = new StoredCredentials({
      freshness,
      read: (names) => readTrusts(store, names),
      isOver: () => false,
    });
  }

  /** Clears the cache, because the store has another history. */
  forget(): void {
    this.#known.forget();
  }

  /** @param token the text after `Bearer `. */
  identifier(token: string): () => Promise<Identity> {
    let failed = false;
    return async () => {
      // A request authenticates once for each of its fields. A refused token is refused for all of them.
      if (failed) throw unauthenticated();
      const now = new Date();
      const identity = await this.#identify(token, now);
      failed = !identity;
      if (!identity) throw unauthenticated();
      return identity;
    };
  }

  /** From the cheapest check to the most expensive one: claims, issuer, stored trusts, signature. */
  async #identify(token: string, now: Date): Promise<Identity | undefined> {
    const claims = claimed(token, now);
    const keys = claims && this.#issuers.get(claims.issuer);
    if (!claims || !keys) return undefined;
    const found = await this.#trustOf(claims, now);
    if (!found) return undefined;
    const { trust, audience, revision } = found;
    if (!(await withoutDeadline(() => keys.verifies(token, audience)))) return undefined;
    const principal = await this.#options.principals.get(trust.principalId);
    const { issuer, subject, issuedAt, expiresAt } = claims;
    const end = expiresAt.getTime() + skewSeconds * 1_000;
    return {
      principal: limitedBy(trust.ceiling, principal),
      ...(trust.ceiling && { ceiling: trust.ceiling }),
      credential: {
        kind: 'workload',
        id: trust.id,
        issuer,
        subject,
        ownerKind: principal.kind,
        createdAt: issuedAt,
        expiresAt,
      },
      revision: revision < principal.revision ? revision : principal.revision,
      until: new Date(Math.min(end, now.getTime() + lastUseMs)),
    };
  }

  /** The trust that covers the token. Undefined if none does, or those of several accounts do. */
  async #trustOf({ issuer, audiences, subject }: Claimed, now: Date) {
    const found: { trust: Trust; audience: string; revision: bigint }[] = [];
    for (const audience of audiences) {
      const row = await this.#known.find(nameOf(issuer, audience), now);
      const trust = row?.trusts.find((one) => matchesSubject(one.subject, subject));
      if (row && trust) found.push({ trust, audience, revision: row.revision });
    }
    const [first] = found;
    return found.every(({ trust }) => trust.principalId === first?.trust.principalId) ? first : undefined;
  }
}
