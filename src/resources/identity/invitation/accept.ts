import type { Doer, Origin } from '../../../access/grant.ts';
import type { Refusals } from '../../../audit/refusals.ts';
import type { Keys } from '../../../auth/keys.ts';
import { linkHash } from '../../../auth/link-token.ts';
import type { Invitation, Tenant, User } from '../../../db/generated/client.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { conflict, GatehouseError, notFound } from '../../../errors.ts';
import type { Engine } from '../../../policy/decide/engine.ts';
import type { Ceiling } from '../../../policy/principals/ceiling.ts';
import type { Freshness } from '../../../policy/session/freshness.ts';
import { sessionOnBehalf, withActor } from '../../../policy/session/on-behalf.ts';
import { asSystem } from '../../../policy/session/system.ts';
import { write } from '../../../policy/session/write.ts';
import { principalNames } from '../subject.ts';
import { createUser, type HashedPassword } from '../user/service.ts';
import { giveOffered, offerOf } from './offer.ts';
import { removeInvitations } from './service.ts';

export interface AcceptServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly engine: Engine;
  readonly freshness: Freshness;
  readonly refusals: Refusals;
  readonly passwordLength: number;
}

export type Opened = Invitation & { readonly tenant: Tenant };

const gone = () =>
  new GatehouseError('NOT_FOUND', 'This invitation was used, withdrawn or has expired. Ask for a new one.');
const noLongerValid = () =>
  conflict(
    'This invitation is no longer valid, because the person who sent it can no longer give what it offers. Ask for a new one.',
  );

/** Finds the invitation of a link. @throws NOT_FOUND, the same for a token that never existed. */
export async function openInvitation({ store, keys }: Pick<AcceptServices, 'store' | 'keys'>, token: string) {
  const hash = linkHash(keys, token);
  const found =
    hash === undefined ? null : await store.prisma.invitation.findFirst({ where: { hash }, include: { tenant: true } });
  if (!found || found.expiresAt <= new Date()) throw gone();
  return found;
}

/** The account of the person: that of the user who is signed in, or a new one. */
export type Acceptor =
  | { readonly userId: string }
  | { readonly username: string; readonly password: string; readonly secret: HashedPassword };

/**
 * Accepts an invitation, once: creates the user of a new person and gives everything that it offers, in one transaction.
 * All of it is decided again, with the present permissions of the inviter.
 * @throws NOT_FOUND if it was used meanwhile; CONFLICT if the inviter can no longer offer it, or a name is taken; BAD_INPUT.
 */
export async function acceptInvitation(
  services: AcceptServices,
  invitation: Opened,
  acceptor: Acceptor,
  from: Origin,
): Promise<User> {
  const { store, refusals } = services;
  const { id, tenantId, tenant, invitedById, impersonatorId } = invitation;
  const offerer = {
    principalId: invitedById,
    impersonatorId,
    ceiling: invitation.ceiling as unknown as Ceiling | null,
  };
  const session = sessionOnBehalf(services, offerer, tenantId, from);
  session.reason = invitation.reason ?? undefined;
  try {
    await session.refresh();
    return await write(
      session,
      store,
      'INVITATION:CREATE',
      { tenantId },
      async (tx, grant) => {
        // A second request with the link waits here, and finds no row.
        const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM "Invitation" WHERE id = ${id} FOR UPDATE`;
        if (rows.length === 0) throw gone();
        const inviter = (await principalNames(tx, [invitedById])).get(invitedById);
        session.note = `invited by ${inviter}`;
        const user = await accountOf(tx, services, invitation, acceptor, { ...from, reason: session.note });
        const { reason } = session.doer;
        const doer: Doer = { kind: 'USER', id: user.id, name: user.username, ...from, ...(reason && { reason }) };
        await attemptToGive(() => giveOffered(tx, session, doer, tenant, user, offerOf(invitation)));
        await removeInvitations(tx, withActor(grant, doer), tenant, { id }, 'accept');
        return user;
      },
      { feedsAccess: true },
    );
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    const { cause } = error;
    const refusal = cause instanceof GatehouseError ? cause : error;
    if (!['FORBIDDEN', 'POLICY_ERROR', 'UNAUTHENTICATED'].includes(refusal.code) && refusal === error) throw error;
    await refusals.act({
      doer: { kind: 'ANONYMOUS', id: '', name: 'anonymous', ...from },
      permission: 'INVITATION:CREATE',
      field: 'accept',
      tenantId,
      resourceId: id,
      resourceKey: invitation.email,
      error: refusal,
    });
    throw noLongerValid();
  }
}

const refusing: readonly string[] = ['FORBIDDEN', 'POLICY_ERROR', 'NOT_FOUND', 'CONFLICT', 'LIMIT_EXCEEDED'];
/** What the inviter cannot give any more is no fault of the person: the cause is for the audit log. */
async function attemptToGive(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isRefused = error instanceof GatehouseError && refusing.includes(error.code);
    throw isRefused ? Object.assign(noLongerValid(), { cause: error }) : error;
  }
}

async function accountOf(
  tx: Tx,
  { passwordLength }: AcceptServices,
  { email, emailKey, tenantId }: Opened,
  acceptor: Acceptor,
  { reason, ...from }: Origin & { readonly reason: string },
): Promise<User> {
  if ('userId' in acceptor) {
    const user = await tx.user.findUnique({ where: { id: acceptor.userId } });
    if (!user || user.disabled) throw notFound('The user');
    return user;
  }
  if (await tx.user.findFirst({ where: { emailKey }, select: { id: true } }))
    throw conflict('A user with the address of this invitation exists already. Sign in, and open the link again.');
  const user = { ...acceptor, email, homeTenantId: tenantId };
  return createUser(tx, asSystem('USER:CREATE', reason, null, from), user, passwordLength);
}
