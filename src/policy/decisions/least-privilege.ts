import type { Permission } from '../../access/catalog.ts';
import type { PrismaClient, Role } from '../../db/generated/client.ts';
import type { Engine } from '../decide/engine.ts';
import { compare } from './compare.ts';
import type { AccessContent } from './content.ts';

export interface LeastPrivilege {
  /**
   * The start of the period: the given number of days ago, or later if the role or the recording of uses is younger.
   */
  readonly since: Date;
  readonly unused: readonly Permission[];
  /** The permissions without the unused ones. */
  readonly narrower: readonly Permission[];
  /** Number of recorded decisions of holders of the role that were replayed with the narrower role. */
  readonly replayed: number;
  /** Number of replayed decisions that would differ. */
  readonly changed: number;
}

const dayMs = 86_400_000;

/**
 * Finds the permissions of a role that were not used for a number of days, and replays recorded decisions without them.
 */
export async function leastPrivilege(
  db: PrismaClient,
  engine: Engine,
  role: Role,
  days: number,
  now = new Date(),
): Promise<LeastPrivilege> {
  const [noted] = await db.$queryRaw<{ since: Date }[]>`
    SELECT max(finished_at) AS since FROM "_prisma_migrations" WHERE migration_name LIKE '%_policies_and_decisions'`;
  const earliest = [new Date(now.getTime() - days * dayMs), role.createdAt, noted!.since];
  const since = new Date(Math.max(...earliest.map((instant) => instant.getTime())));
  const uses = await db.permissionUse.findMany({ where: { roleId: role.id, lastUsedAt: { gte: since } } });
  const used = new Set(uses.map(({ permission }) => permission));
  const permissions = role.permissions as Permission[];
  const narrower = permissions.filter((permission) => used.has(permission));
  const contents = await db.$queryRaw<{ digest: string }[]>`
    SELECT digest FROM "AccessContent"
    WHERE content @> ${JSON.stringify({ holdings: [{ roleId: role.id }] })}::jsonb`;
  const narrow = (content: AccessContent): AccessContent => ({
    ...content,
    holdings: content.holdings.map((holding) =>
      holding.roleId === role.id
        ? { ...holding, permissions: holding.permissions.filter((permission) => used.has(permission)) }
        : holding,
    ),
  });
  const { replayed, differences, more } = await compare(db, engine, {
    since,
    contents: contents.map(({ digest }) => digest),
    // Decisions of other policy sets could differ for reasons unrelated to this role.
    policySet: engine.fingerprint,
    narrow,
    most: 0,
  });
  return {
    since,
    unused: permissions.filter((permission) => !used.has(permission)),
    narrower,
    replayed,
    changed: differences.length + more,
  };
}
