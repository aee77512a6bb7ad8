import type { Permission } from '../../access/catalog.ts';
import type { PrismaClient, Role } from '../../db/generated/client.ts';
import type { Engine } from '../decide/engine.ts';
import { compare } from './compare.ts';
import type { AccessContent } from './content.ts';

export interface LeastPrivilege {
  /** Since when uses were looked at: so many days, or as long as the role exists or uses are noted. */
  readonly since: Date;
  readonly unused: readonly Permission[];
  /** What is left when these are taken away. */
  readonly narrower: readonly Permission[];
  /** How many recorded decisions of those who hold the role were made again with the narrower one. */
  readonly replayed: number;
  /** How many of them would have ended otherwise. */
  readonly changed: number;
}

const dayMs = 86_400_000;

/** The permissions of a role that served nobody lately, and what would have been without them. */
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
    // What other policies decided would differ for reasons that are not this role's.
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
