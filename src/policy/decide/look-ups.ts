import type { ResourceName } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { pendingIn } from '../../access/pending.ts';
import { isInstanceWide, resourceDefinition, tenantColumn } from '../../access/resource.ts';
import { type Where, within } from '../../access/where.ts';
import type { Tx } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import { lowerFirst } from '../../lib/text.ts';
import type { LookUps } from '../contract.ts';
import { matches } from '../filter/portable.ts';
import { reviewedIn } from '../session/reviewed.ts';

const maxRows = 1_000;

interface Rows {
  count(args: object): Promise<number>;
  findMany(args: object): Promise<Row[]>;
}

function rowsOf(tx: Tx, resource: ResourceName): Rows {
  const model = resourceDefinition(resource)?.model;
  if (!model) throw new Error(`${resource} has no rows`);
  return (tx as unknown as Record<string, Rows>)[lowerFirst(model)]!;
}

/** Returns the filter for the rows of a tenant (null: the instance). */
function inTenant(resource: ResourceName, tenantId: string | null): Where[] {
  if (isInstanceWide(resource) || (tenantColumn(resource) === 'id' && tenantId === null)) return [];
  return [{ [tenantColumn(resource)]: tenantId }];
}

const known = new WeakMap<Tx, Map<string | undefined, LookUps>>();

/**
 * Returns the lookups of a review, all within the transaction of the change. @param tenantId the tenant of the
 * decision.
 */
export const lookUps = (tx: Tx, tenantId: string | undefined): LookUps =>
  remember(
    remember(known, tx, () => new Map<string | undefined, LookUps>()),
    tenantId,
    () => lookUpsIn(tx, tenantId),
  );

function lookUpsIn(tx: Tx, tenantId: string | undefined): LookUps {
  return {
    async count(resource, ofTenant, namespace) {
      const rows = rowsOf(tx, resource);
      // Held until the transaction ends, so the next count includes what this transaction writes.
      const lock = `count ${resource} ${ofTenant ?? ''}`;
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${lock}, 0))`;
      const counted = resourceDefinition(resource)?.counted?.(new Date());
      const where: Where = {
        AND: [
          ...inTenant(resource, ofTenant),
          ...(namespace === undefined ? [] : [within(namespace)]),
          ...(counted ? [counted] : []),
        ],
      };
      const reviewed = reviewedIn(tx, resource);
      const stored = await rows.count({ where: { AND: [where, { id: { notIn: [...reviewed.keys()] } }] } });
      return stored + [...reviewed.values()].filter((row) => row !== null && matches(where, row)).length;
    },

    async rows(resource, where) {
      const scoped = { AND: [...inTenant(resource, tenantId ?? null), where] };
      const found = await rowsOf(tx, resource).findMany({ where: scoped, take: maxRows + 1 });
      if (found.length > maxRows) throw new Error(`more than ${maxRows} rows of ${resource}`);
      return found;
    },

    async authors(resource, id, field) {
      const path = field === undefined ? '' : `/${field}`;
      const chain = tenantId ?? '';
      const stored = await tx.$queryRaw<{ actorId: string; impersonatorId: string }[]>`
        SELECT DISTINCT "actorId", "impersonatorId" FROM "AuditEvent"
        WHERE "tenantId" = ${chain} AND resource = ${resource} AND "resourceId" = ${id} AND outcome = 'SUCCESS'
          AND (type = 'CREATE' OR (type = 'UPDATE' AND EXISTS (
            SELECT 1 FROM jsonb_array_elements(patch) AS step
            WHERE step->>'path' = ${path} OR starts_with(step->>'path', ${`${path}/`}))))`;
      // The events of this transaction are not stored yet: they are written at its end.
      const pending = pendingIn(tx).filter(
        (event) =>
          event.tenantId === chain &&
          event.resource === resource &&
          event.resourceId === id &&
          (event.type === 'CREATE' || (event.type === 'UPDATE' && touches(event.patch, path))),
      );
      const ids = [...stored, ...pending].flatMap(({ actorId, impersonatorId }) => [actorId, impersonatorId]);
      return new Set(ids.filter((author) => author !== ''));
    },

    async isMember(groupId, principalIds) {
      return (await tx.groupMember.count({ where: { groupId, principalId: { in: [...principalIds] } } })) > 0;
    },
  };
}

const touches = (patch: unknown, path: string): boolean =>
  Array.isArray(patch) &&
  patch.some((step: { path?: string }) => step.path === path || step.path?.startsWith(`${path}/`));
