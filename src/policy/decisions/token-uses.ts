import type { Permission } from '../../access/catalog.ts';
import type { PrismaClient } from '../../db/generated/client.ts';

/** Uses of a token for one permission. */
export interface TokenUse {
  readonly permission: Permission;
  readonly count: number;
  readonly lastAt: Date;
}

/** Newest recorded decisions that are searched, so that the answer takes the same time on a large store. */
const maxSearched = 50_000;

/** Returns what a token was used for, most recent first, from the newest recorded decisions. */
export async function usesOfToken(db: PrismaClient, tokenId: string, since: Date): Promise<TokenUse[]> {
  const rows = await db.$queryRaw<{ permission: Permission; count: bigint; lastAt: Date }[]>`
    SELECT permission, sum(count)::bigint AS count, max(at) AS "lastAt" FROM (
      SELECT permission, count, at, request FROM "Decision" WHERE at >= ${since} ORDER BY at DESC LIMIT ${maxSearched}
    ) AS newest
    WHERE request->'credential'->>'id' = ${tokenId}
    GROUP BY permission ORDER BY "lastAt" DESC, permission`;
  return rows.map(({ permission, count, lastAt }) => ({ permission, count: Number(count), lastAt }));
}
