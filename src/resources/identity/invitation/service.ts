import type { Doer, Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import { linkHash, newLinkToken } from '../../../auth/link-token.ts';
import type { Links } from '../../../auth/links.ts';
import type { Limits } from '../../../config.ts';
import type { Invitation, Prisma } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import { conflict } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { fold } from '../../../lib/text.ts';
import { find } from '../../../policy/session/find.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { deletedWithTenant } from '../../with-tenant.ts';
import { stored } from '../api-token/ceiling.ts';
import { assertLasting } from '../handing-on.ts';
import { queueMail, withdrawMails } from '../mail/outbox.ts';
import { invitationLetter } from './letter.ts';
import { countMail } from './limit.ts';
import { assertMayOffer, type Offer, offerOf } from './offer.ts';

export const acceptPath = '/auth/accept';
/** Max groups, and max bindings, of an invitation. */
export const maxOffered = 20;

/** Adds the names that events show. */
async function described(tx: Tx, invitation: Invitation) {
  const { groupIds, bindings } = offerOf(invitation);
  const groups = await tx.group.findMany({ where: { id: { in: [...groupIds] } }, orderBy: { name: 'asc' } });
  const roles = await tx.role.findMany({ where: { id: { in: bindings.map(({ roleId }) => roleId) } } });
  const nameOf = (id: string) => roles.find((role) => role.id === id)?.name ?? id;
  return {
    ...invitation,
    groups: groups.map(({ name }) => name),
    bindings: bindings.map(({ roleId, namespace }) => `${nameOf(roleId)}${namespace === '' ? '' : ` in ${namespace}`}`),
  };
}

export interface NewInvitation extends Offer {
  readonly email: string;
}

export interface InvitationOptions {
  readonly keys: Keys;
  readonly links: Links;
  readonly invitationMs: number;
  readonly limits: Pick<Limits, 'invitationsPerHour'>;
}

/** The only time that the link exists in clear text, except in its mail. */
export interface Invited {
  readonly invitation: Invitation;
  /** Undefined if it is sent by mail. */
  readonly link: string | undefined;
}

/**
 * Invites a person. Everything that the invitation offers is decided now, and again when the person accepts.
 * @param session that of the grant, for the other permissions.
 */
export async function createInvitation(
  tx: Tx,
  grant: Grant<'INVITATION:CREATE'>,
  session: AccessSession,
  tenant: TenantRef,
  { keys, links, invitationMs, limits }: InvitationOptions,
  { email, ...offer }: NewInvitation,
): Promise<Invited> {
  assertLasting(grant, 'invite a person');
  const token = newLinkToken(keys);
  const url = links.to(acceptPath, token);
  const createdAt = new Date();
  const after = {
    id: newId(),
    tenantId: tenant.id,
    email,
    emailKey: fold(email),
    hash: linkHash(keys, token)!,
    groupIds: [...offer.groupIds],
    bindings: offer.bindings.map((one) => ({ ...one })),
    withDefaultRole: offer.withDefaultRole,
    reason: session.reason ?? null,
    invitedById: grant.doer.id,
    impersonatorId: grant.doer.impersonator?.id ?? null,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + invitationMs),
  };
  await grant.review(tx, { before: null, after });
  await assertMayOffer(tx, session, tenant, email, offer);
  const open = await tx.invitation.findFirst({ where: { tenantId: tenant.id, emailKey: after.emailKey } });
  if (open && open.expiresAt > createdAt)
    throw conflict('This address has an invitation to the tenant already. Delete that one first.');
  if (open) await removeInvitations(tx, grant, tenant, { id: open.id }, 'expire');
  const row = await tx.invitation.create({ data: { ...after, ceiling: stored(grant.ceiling) } });
  record(tx, grant, { resource: 'INVITATION', before: null, after: await described(tx, row), tenant });
  if (!links.areSent) return { invitation: row, link: url };
  await countMail(tx, row, limits.invitationsPerHour);
  const named = await tx.tenant.findUniqueOrThrow({ where: { id: tenant.id }, select: { name: true } });
  const letter = invitationLetter({
    to: email,
    tenant: named.name,
    by: grant.doer.name,
    url,
    expiresAt: row.expiresAt,
  });
  await queueMail(tx, keys, row.id, letter, row.expiresAt);
  return { invitation: row, link: undefined };
}

export async function deleteInvitation(
  tx: Tx,
  grant: Grant<'INVITATION:DELETE'>,
  tenant: TenantRef,
  id: string,
): Promise<Invitation> {
  const before = await find<Invitation>(tx, grant, 'INVITATION', id);
  await grant.review(tx, { before, after: null });
  await removeInvitations(tx, grant, tenant, { id });
  return before;
}

/** Deletes invitations after the decision, or together with another object, with their unsent mails. */
export async function removeInvitations(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef,
  where: Prisma.InvitationWhereInput,
  verb?: 'expire' | 'accept',
): Promise<void> {
  const rows = await tx.invitation.findMany({ where: { ...where, tenantId: tenant.id }, orderBy: { id: 'asc' } });
  for (const row of rows) {
    const before = await described(tx, row);
    record(tx, grant, { resource: 'INVITATION', before, after: null, tenant, ...(verb && { verb }) });
  }
  const ids = rows.map(({ id }) => id);
  await tx.invitation.deleteMany({ where: { id: { in: ids } } });
  await withdrawMails(tx, ids);
}

deletedWithTenant('INVITATION', (tx, grant, tenant) => removeInvitations(tx, grant, tenant, {}));

/** Deletes the invitations that a deleted user sent, in all tenants. */
export async function removeInvitationsBy(tx: Tx, grant: Grant, invitedById: string): Promise<void> {
  const tenants = await tx.tenant.findMany({ where: { invitations: { some: { invitedById } } } });
  for (const tenant of tenants) await removeInvitations(tx, grant, tenant, { invitedById });
}

/** Max invitations per transaction. */
const maxBatch = 200;

/** Deletes expired invitations, each with an event. They are refused already. */
export async function expireInvitations(store: Store, now = new Date()): Promise<void> {
  const from: Pick<Doer, 'requestId'> = { requestId: 'sweep' };
  for (let count = maxBatch; count === maxBatch; ) {
    count = await inTransaction(store, async (tx) => {
      const rows = await tx.$queryRaw<{ id: string; tenantId: string; key: string }[]>`
        SELECT i.id, i."tenantId", t.key FROM "Invitation" i JOIN "Tenant" t ON t.id = i."tenantId"
        WHERE i."expiresAt" <= ${now} ORDER BY i.id LIMIT ${maxBatch} FOR UPDATE OF i SKIP LOCKED`;
      for (const [tenantId, own] of Map.groupBy(rows, (row) => row.tenantId)) {
        const grant = asSystem('INVITATION:DELETE', 'the invitation expired', tenantId, from);
        const tenant = { id: tenantId, key: own[0]!.key };
        await removeInvitations(tx, grant, tenant, { id: { in: own.map(({ id }) => id) } }, 'expire');
      }
      return rows.length;
    });
  }
}
