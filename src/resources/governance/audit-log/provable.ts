import { resourceNames } from '../../../access/catalog.ts';
import type { Where } from '../../../access/where.ts';
import { Prisma } from '../../../db/generated/client.ts';
import type { Context } from '../../../graphql/context.ts';
import { patchReach } from './patches.ts';
import { reachesAll } from './reaches-chain.ts';

/** Resources with patches in events. */
const described = resourceNames.filter((name) => name !== 'AUDITLOG' && name !== 'IMPERSONATE');

/**
 * Why an export cannot be verified as a whole, known before it starts; undefined if it can.
 * @param where filter of the events that the reader can read.
 */
export async function unprovable(
  context: Context,
  tenantId: string,
  filter: object,
  where: Where,
): Promise<string | undefined> {
  if (Object.keys(filter).length > 0) return 'it has a filter';
  if (!reachesAll(where, tenantId)) return 'its reader cannot read every event';
  const reach = patchReach(context, tenantId);
  const whole = reach.filter(({ AND }) => (AND as Where[]).every((part) => reachesAll(part, tenantId) || isKind(part)));
  if (whole.length === described.length) return undefined;
  const hidden = await context.db.auditEvent.findFirst({
    where: {
      tenantId,
      AND: [
        { OR: [{ patch: { not: Prisma.AnyNull } }, { revertPatch: { not: Prisma.AnyNull } }] },
        ...(reach.length > 0 ? [{ NOT: { OR: reach as never } }] : []),
      ],
    },
    select: { resource: true },
  });
  return hidden ? `its reader cannot read every changed object (${hidden.resource}:READ)` : undefined;
}

const isKind = (part: Where): boolean => Object.keys(part).length === 1 && 'resource' in part;
