import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Binding, Prisma, Role } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { ensureNamespaces, pruneNamespaces } from '../../orchestration/namespace/service.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { assertMayHandOn, giftOf } from '../handing-on.ts';
import { type SubjectRef, subjectName } from '../subject.ts';
import { leaveHome } from '../user/home.ts';

export interface NewBinding {
  /** Set if the subject was already read, for review. */
  readonly id?: string;
  readonly principalId: string | null;
  readonly groupId: string | null;
  readonly role: Role;
  /** '' is the whole tenant (or, without a tenant, the instance). */
  readonly namespace: string;
}

/** Row and key for events: adds names to the row, which has only IDs. */
async function described(tx: Tx, binding: Binding, role: Pick<Role, 'name'>) {
  const subject = await subjectName(tx, binding);
  const at = binding.namespace === '' ? '' : ` in ${binding.namespace}`;
  return { row: { ...binding, subject, role: role.name }, key: `${subject} as ${role.name}${at}` };
}

/** Writes a binding after the decision. */
export async function bind(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef | null,
  { role, ...content }: NewBinding,
): Promise<Binding> {
  if (!tenant && content.principalId) await leaveHome(tx, grant, [content.principalId], null);
  if (tenant && content.namespace !== '') await ensureNamespaces(tx, tenant.id, [content.namespace]);
  const binding = await tx.binding.create({
    data: { id: newId(), ...content, tenantId: tenant?.id ?? null, roleId: role.id },
  });
  const { row, key } = await described(tx, binding, role);
  record(tx, grant, { resource: 'BINDING', before: null, after: row, tenant, key });
  return binding;
}

export interface BindingInput {
  readonly subject: SubjectRef;
  readonly roleId: string;
  readonly namespace: string;
}

/** @throws NOT_FOUND. */
export async function roleIn(tx: Tx, tenantId: string | null, id: string): Promise<Role> {
  const role = await tx.role.findFirst({ where: { id, tenantId } });
  if (!role) throw notFound('The role');
  return role;
}

/** Decides about a new binding, without writing it. @returns the ID of the binding. @throws FORBIDDEN. */
export async function assertMayBind(
  tx: Tx,
  grant: Grant<'BINDING:CREATE'>,
  tenantId: string | null,
  role: Role,
  content: Pick<NewBinding, 'principalId' | 'groupId' | 'namespace'>,
): Promise<string> {
  const proposed = { id: newId(), tenantId, roleId: role.id, createdAt: new Date(), ...content };
  await grant.review(tx, { before: null, after: proposed });
  assertMayHandOn(grant, [giftOf(grant, role, tenantId, content.namespace)]);
  return proposed.id;
}

export async function createBinding(
  tx: Tx,
  grant: Grant<'BINDING:CREATE'>,
  tenant: TenantRef | null,
  input: BindingInput,
): Promise<Binding> {
  const tenantId = tenant?.id ?? null;
  if (tenant === null && !grant.isSuperAdmin)
    throw new GatehouseError('FORBIDDEN', 'Only a super admin can create instance bindings.', {
      decisionId: grant.decisionId,
    });
  const role = await roleIn(tx, tenantId, input.roleId);
  const content = { ...(await subjectIn(tx, tenant, input.subject)), namespace: input.namespace };
  const id = await assertMayBind(tx, grant, tenantId, role, content);
  if (await tx.binding.findFirst({ where: { tenantId, roleId: role.id, ...content }, select: { id: true } })) {
    throw conflict('This binding already exists.');
  }
  return bind(tx, grant, tenant, { id, ...content, role });
}

/** Returns the subject, if it is of this tenant. @throws NOT_FOUND for any other, existing or not. */
async function subjectIn(tx: Tx, tenant: TenantRef | null, { typename, id }: SubjectRef) {
  if (typename === 'Group') {
    const group = tenant && (await tx.group.findFirst({ where: { id, tenantId: tenant.id } }));
    if (!group) throw notFound('The group');
    return { principalId: null, groupId: id };
  }
  const kind = typename === 'User' ? 'USER' : 'SERVICE_ACCOUNT';
  const principal = await tx.principal.findFirst({
    where: { id, kind, ...(tenant && { accesses: { some: { tenantId: tenant.id } } }) },
  });
  if (!principal) throw notFound('The subject');
  return { principalId: id, groupId: null };
}

export async function deleteBinding(
  tx: Tx,
  grant: Grant<'BINDING:DELETE'>,
  tenant: TenantRef | null,
  id: string,
): Promise<Binding> {
  const before = await find<Binding>(tx, grant, 'BINDING', id);
  if (before.tenantId !== (tenant?.id ?? null)) throw notFound('The binding');
  await grant.review(tx, { before, after: null });
  await removeBindings(tx, grant, tenant, { id });
  return before;
}

/** Deletes bindings after the decision, or together with another object. */
export async function removeBindings(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef | null,
  where: Prisma.BindingWhereInput,
): Promise<void> {
  const bindings = await tx.binding.findMany({ where, include: { role: true } });
  for (const { role, ...binding } of bindings) {
    const { row, key } = await described(tx, binding, role);
    await tx.binding.delete({ where: { id: binding.id } });
    record(tx, grant, { resource: 'BINDING', before: row, after: null, tenant, key });
  }
  if (!tenant) return;
  for (const namespace of new Set(bindings.map((binding) => binding.namespace))) {
    if (namespace !== '') await pruneNamespaces(tx, tenant.id, namespace);
  }
}

deletedWithTenant('BINDING', (tx, grant, tenant) => removeBindings(tx, grant, tenant, { tenantId: tenant.id }));
