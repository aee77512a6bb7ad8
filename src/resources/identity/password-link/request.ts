import type { Origin } from '../../../access/grant.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Refusals } from '../../../audit/refusals.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { Links } from '../../../auth/links.ts';
import { Prisma, type User } from '../../../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../../../db/transaction.ts';
import type { Json } from '../../../lib/json.ts';
import { peerOf } from '../../../lib/peer.ts';
import { fold, storable } from '../../../lib/text.ts';
import { queueMail } from '../mail/outbox.ts';
import { passwordLetter } from './letter.ts';
import { resetPath, signsInByPassword, writeLink } from './service.ts';

const minute = 60_000;
/** Max mails to one account. */
export const requestLimit = { apartMs: 5 * minute, perHour: 10 };

export interface RequestServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly links: Links;
  readonly refusals: Refusals;
}

/** The caller is not signed in, so the user is the object of the event. */
function note(
  tx: Tx,
  from: Origin,
  user: Pick<User, 'id' | 'username'>,
  outcome: 'SUCCESS' | 'DENIED',
  details?: Json,
) {
  append(tx, {
    ...envelope({ kind: 'ANONYMOUS', id: '', name: 'anonymous', ...from }),
    tenantId: '',
    tenantKey: '',
    type: 'UPDATE',
    action: 'user.request-password-link',
    outcome,
    resource: 'USER',
    resourceId: user.id,
    resourceKey: user.username,
    namespace: '',
    patchText: '',
    ...(details !== undefined && { details }),
  });
}

/**
 * Mails a link to the user with this name or address, who forgot the password. Runs after the response, so that neither
 * its content nor its time says whether the user exists.
 */
export async function requestPasswordLink(services: RequestServices, given: string, from: Origin): Promise<void> {
  const { store } = services;
  const key = fold(storable(given)).slice(0, 300).toWellFormed();
  const found = await store.prisma.user.findMany({ where: { OR: [{ usernameKey: key }, { emailKey: key }] } });
  // The name of one user can be the address of another: the name wins.
  const user = found.find(({ usernameKey }) => usernameKey === key) ?? found[0];
  if (!user || !signsInByPassword(user))
    return refuse(services, from, { id: '', username: key.slice(0, 200) }, 'UNKNOWN');
  const isSent = await inTransaction(store, (tx) => send(tx, services, user, from));
  if (!isSent) await refuse(services, from, user, 'TOO_MANY');
}

/** @returns false if the user has been sent too many links. */
async function send(tx: Tx, { keys, links }: RequestServices, user: User, from: Origin): Promise<boolean> {
  const now = new Date();
  // Concurrent requests for the same user wait here.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`password-link ${user.id}`}, 0))::text`;
  const row = await tx.passwordLink.findUnique({ where: { userId: user.id }, select: { requests: true } });
  const recent = (row?.requests ?? []).filter((at) => at.getTime() > now.getTime() - 60 * minute);
  const isSoon = recent.some((at) => at.getTime() > now.getTime() - requestLimit.apartMs);
  if (isSoon || recent.length >= requestLimit.perHour) return false;
  const creator = { createdById: null, impersonatorId: null, ceiling: Prisma.DbNull };
  const { id, token, expiresAt } = await writeLink(tx, keys, user, creator, [...recent, now]);
  const { email: to, username } = user;
  await queueMail(
    tx,
    keys,
    id,
    passwordLetter({ to, username, url: links.to(resetPath, token), expiresAt }),
    expiresAt,
  );
  note(tx, from, user, 'SUCCESS', { expiresAt: expiresAt.toISOString() });
  return true;
}

/** Anyone can repeat a refused request: those of one address and cause are merged each minute. */
async function refuse(
  { store, refusals }: RequestServices,
  from: Origin,
  user: Pick<User, 'id' | 'username'>,
  cause: 'UNKNOWN' | 'TOO_MANY',
): Promise<void> {
  const peer = peerOf(from.ip);
  const write = (one: Pick<User, 'id' | 'username'>, more: { readonly count?: number }) =>
    inTransaction(store, async (tx) => note(tx, from, one, 'DENIED', { cause, ...more }));
  await refusals.merging.note(
    { key: `password-link ${cause} ${peer}`, actor: `password-link ${peer}` },
    () => write(user, {}),
    (count) => write({ id: '', username: '' }, { count }),
  );
}
