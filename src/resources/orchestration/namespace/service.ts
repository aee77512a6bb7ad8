import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import { raiseRevision } from '../../../access/revision.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { ancestorsOf } from '../../../access/where.ts';
import { record } from '../../../audit/record.ts';
import type { Namespace } from '../../../db/generated/client.ts';
import { changeRow } from '../../../db/rows/change.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { manyBindings } from '../../../policy/principals/principal.ts';
import { find } from '../../../policy/session/find.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { regroupTriggers } from '../trigger/groups.ts';
import { noPlacement, type PlacementInput, placementOf, withGroupKey } from '../worker-group/placement.ts';

export const namespaceName = z
  .string()
  .min(1, 'A namespace cannot be empty.')
  .max(150, 'A namespace can have at most 150 characters.')
  .regex(/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*(?![\s\S])/, {
    error:
      'A namespace must consist of parts joined by single dots. A part can contain a-z, 0-9, _ and -, and must begin with a letter or digit.',
  });

/**
 * Serializes changes of a tenant's namespace tree, so that a check for contents does not miss a concurrent insert.
 * Taken before any row of the tree is locked.
 */
export async function lockTree(tx: Tx, tenantId: string): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM "Tenant" WHERE id = ${tenantId} FOR NO KEY UPDATE`;
}

/**
 * Creates missing rows for these namespaces and their ancestors, undeclared. Such rows are an index of what is in use
 * and are not audited (see the list in the README).
 */
/** @throws CONFLICT if the settings of the tenant require created namespaces, and this one was not created. */
export async function assertNamespace(tx: Tx, tenantId: string, namespace: string): Promise<void> {
  const missing = await tx.$queryRaw<unknown[]>`
    SELECT FROM "Tenant" t WHERE t.id = ${tenantId} AND (t.settings->>'requireExistingNamespace')::boolean
      AND NOT EXISTS (SELECT FROM "Namespace" n
        WHERE n."tenantId" = t.id AND n.namespace = ${namespace} AND n.declared)`;
  if (missing.length > 0) throw conflict(`The namespace ${namespace} does not exist. Create it first.`);
}

export async function ensureNamespaces(
  tx: Tx,
  tenantId: string,
  names: readonly string[],
  ids: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const all = [...new Set(names.flatMap((name) => [...ancestorsOf(name), name]))];
  if (all.length === 0) return;
  await lockTree(tx, tenantId);
  const data = all.sort().map((namespace) => ({
    id: ids.get(namespace) ?? newId(),
    tenantId,
    namespace,
    parent: ancestorsOf(namespace).at(-1) ?? '',
    declared: false,
  }));
  const { count } = await tx.namespace.createMany({ data, skipDuplicates: true });
  // Principals with very many bindings are decided by a list of names, which must be read again.
  if (count > 0 && (await tx.binding.count({ where: { tenantId, namespace: { gt: '' } } })) > manyBindings)
    raiseRevision(tx);
}

/** Deletes undeclared rows that are no longer in use: this namespace, then its ancestors. */
export async function pruneNamespaces(tx: Tx, tenantId: string, namespace: string): Promise<void> {
  await lockTree(tx, tenantId);
  for (const name of [namespace, ...ancestorsOf(namespace).reverse()]) {
    const below = { gte: `${name}.`, lt: `${name}/` };
    const used =
      (await tx.namespace.count({
        where: { tenantId, OR: [{ namespace: name, declared: true }, { namespace: below }] },
      })) +
      (await tx.binding.count({ where: { tenantId, namespace: name } })) +
      (await tx.flow.count({ where: { tenantId, namespace: name } })) +
      (await tx.namespaceFile.count({ where: { tenantId, namespace: name } }));
    if (used > 0) return;
    await tx.namespace.deleteMany({ where: { tenantId, namespace: name, declared: false } });
  }
}

export interface NamespaceContent extends PlacementInput {
  readonly description?: string | null | undefined;
  /** Checked by `variables` of settings.ts. */
  readonly variables?: unknown;
  /** Checked by `pluginDefaults` of settings.ts. */
  readonly pluginDefaults?: unknown;
}

/** An undeclared namespace. */
const noContent = { description: null, variables: {}, pluginDefaults: [], ...noPlacement };

/** The given fields; null clears one. */
const contentOf = ({ description, variables, pluginDefaults }: NamespaceContent) => ({
  ...(description !== undefined && { description }),
  ...(variables !== undefined && { variables: (variables ?? {}) as object }),
  ...(pluginDefaults !== undefined && { pluginDefaults: (pluginDefaults ?? []) as object }),
});

export async function createNamespace(
  tx: Tx,
  grant: Grant<'NAMESPACE:CREATE'>,
  tenant: TenantRef,
  { name, ...given }: NamespaceContent & { readonly name: string },
): Promise<Namespace> {
  const placed = await placementOf(tx, tenant.id, noPlacement, given);
  const content = { ...noContent, ...contentOf(given), ...placed };
  const where = { tenantId_namespace: { tenantId: tenant.id, namespace: name } };
  const implied = await tx.namespace.findUnique({ where, select: { id: true } });
  const id = implied?.id ?? newId();
  await grant.review(tx, {
    before: null,
    after: { id, tenantId: tenant.id, namespace: name, declared: true, ...content },
  });
  await ensureNamespaces(tx, tenant.id, [name], new Map([[name, id]]));
  await tx.$executeRaw`SELECT 1 FROM "Namespace" WHERE "tenantId" = ${tenant.id} AND namespace = ${name} FOR UPDATE`;
  const existing = await tx.namespace.findUniqueOrThrow({ where });
  if (existing.declared) throw conflict(`The namespace ${name} already exists.`);
  const after = await tx.namespace.update({ where, data: { declared: true, ...content } });
  await regroupTriggers(tx, tenant.id, name, noPlacement, after);
  record(tx, grant, { before: null, after: await withGroupKey(tx, after), tenant });
  return after;
}

export async function updateNamespace(
  tx: Tx,
  grant: Grant<'NAMESPACE:UPDATE'>,
  tenant: TenantRef,
  id: string,
  content: NamespaceContent,
): Promise<Namespace> {
  // The worker group of triggers that are created at the same time depends on this one.
  if (content.workerGroupKey !== undefined || content.workerGroupFallback !== undefined) await lockTree(tx, tenant.id);
  const before = await find<Namespace>(tx, grant, 'NAMESPACE', id);
  if (!before.declared)
    throw conflict(`The namespace ${before.namespace} is only implied by its contents. Create it first.`);
  const data = { ...contentOf(content), ...(await placementOf(tx, tenant.id, before, content)) };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const after = await changeRow(tx, 'Namespace', before, data);
  await regroupTriggers(tx, tenant.id, before.namespace, before, after);
  record(tx, grant, { before: await withGroupKey(tx, before), after: await withGroupKey(tx, after), tenant });
  return after;
}

/** If it has contents, its row is kept, undeclared. */
export async function deleteNamespace(
  tx: Tx,
  grant: Grant<'NAMESPACE:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<Namespace> {
  await lockTree(tx, tenant.id);
  const before = await find<Namespace>(tx, grant, 'NAMESPACE', id);
  if (!before.declared)
    throw conflict(`The namespace ${before.namespace} is only implied by its contents. There is nothing to delete.`);
  if (await tx.secret.findFirst({ where: { tenantId: tenant.id, namespace: before.namespace }, select: { id: true } }))
    throw conflict(`The namespace ${before.namespace} contains secrets. Delete them first.`);
  if (
    await tx.namespaceFile.findFirst({
      where: { tenantId: tenant.id, namespace: before.namespace },
      select: { id: true },
    })
  )
    throw conflict(`The namespace ${before.namespace} contains files. Delete them first.`);
  if (
    await tx.keyValue.findFirst({ where: { tenantId: tenant.id, namespace: before.namespace }, select: { id: true } })
  )
    throw conflict(`The namespace ${before.namespace} contains key-value pairs. Delete them first.`);
  await grant.review(tx, { before, after: null });
  const after = await rowsOf(tx).update('Namespace', id, { declared: false, ...noContent });
  await regroupTriggers(tx, tenant.id, before.namespace, before, after);
  await pruneNamespaces(tx, tenant.id, before.namespace);
  record(tx, grant, { before: await withGroupKey(tx, before), after: null, tenant });
  return before;
}

deletedWithTenant('NAMESPACE', async (tx, grant, tenant) => {
  await tx.namespaceFile.deleteMany({ where: { tenantId: tenant.id } });
  for (const namespace of await tx.namespace.findMany({ where: { tenantId: tenant.id } }))
    if (namespace.declared) record(tx, grant, { resource: 'NAMESPACE', before: namespace, after: null, tenant });
  await tx.namespace.deleteMany({ where: { tenantId: tenant.id } });
});
