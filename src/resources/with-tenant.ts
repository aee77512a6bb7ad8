import { type ResourceName, resourceNames } from '../access/catalog.ts';
import type { Grant, Row } from '../access/grant.ts';
import { isInstanceWide, resourceDefinition, tenantColumn } from '../access/resource.ts';
import type { TenantRef } from '../access/tenant-ref.ts';
import { record } from '../audit/record.ts';
import type { Tx } from '../db/transaction.ts';
import { lowerFirst } from '../lib/text.ts';

/** A delegate of the Prisma client. */
interface Rows {
  findMany(query: object): Promise<Row[]>;
  deleteMany(query: object): Promise<unknown>;
}

type Deletion = (tx: Tx, grant: Grant, tenant: TenantRef) => Promise<unknown>;

const deletions = new Map<ResourceName, Deletion>();

/** Deletes a resource's rows with their tenant, if the catalog delegates that to the resource's service. */
export function deletedWithTenant(resource: ResourceName, deletion: Deletion): void {
  deletions.set(resource, deletion);
}

/** Deletes the contents of a tenant, with events. A row is deleted before the rows that it refers to. */
export async function deleteContents(tx: Tx, grant: Grant<'TENANT:DELETE'>, tenant: TenantRef): Promise<void> {
  for (const resource of resourceNames.toReversed()) {
    const { model, withTenant } = resourceDefinition(resource) ?? {};
    if (withTenant === 'service') await deletionOf(resource)(tx, grant, tenant);
    else if (model && withTenant === undefined && resource !== 'TENANT' && !isInstanceWide(resource))
      await deleteRows(tx, grant, tenant, resource, model);
  }
}

function deletionOf(resource: ResourceName): Deletion {
  const deletion = deletions.get(resource);
  if (!deletion) throw new Error(`no service deletes ${resource} with its tenant`);
  return deletion;
}

async function deleteRows(tx: Tx, grant: Grant, tenant: TenantRef, resource: ResourceName, model: string) {
  const rows = (tx as unknown as Record<string, Rows>)[lowerFirst(model)]!;
  const where = { [tenantColumn(resource)]: tenant.id };
  for (const before of await rows.findMany({ where, orderBy: { id: 'asc' } }))
    record(tx, grant, { resource, before, after: null, tenant });
  await rows.deleteMany({ where });
}
