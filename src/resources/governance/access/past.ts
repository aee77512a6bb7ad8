import { badInput, notFound, unavailable } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId } from '../../../graphql/node.ts';
import { reachOfPrincipals, readableIds } from '../../../graphql/readable-principals.ts';
import { FairQueue } from '../../../lib/fair-queue.ts';
import { remember } from '../../../lib/remember.ts';
import { namesFor, type PastAccess, type PastPrincipal, pastAccess } from '../../../policy/past/past-access.ts';
import { assertMayAskAboutOthers } from './may-ask.ts';

/** Past access requires many events: a limit keeps the database available for current questions. */
const looks = new FairQueue({
  width: 2,
  share: 1,
  perOwner: 10,
  total: 100,
  refusal: () => unavailable('Too many questions about past access are running. Retry later.'),
});

/**
 * Access of all principals at a past time, once per request and time. It rests on the audit log, so it requires
 * AUDITLOG:READ in the whole tenant, also for the viewer.
 * @throws FORBIDDEN, BAD_INPUT for a future time, EXPIRED, UNAVAILABLE if too many such requests run.
 */
export async function askedPast(
  context: Context,
  tenantId: string,
  at: Date,
  path: readonly string[] = ['at'],
): Promise<PastAccess> {
  assertMayAskAboutOthers(context, { tenantId }, ['AUDITLOG:READ']);
  if (at.getTime() > Date.now()) throw badInput(path, 'The time is in the future. Use a past time.');
  const asked = remember(context.loaders as Map<string, Map<string, Promise<PastAccess>>>, 'past', () => new Map());
  return remember(asked, `${tenantId} ${at.getTime()}`, () =>
    looks.run(context.session.accountId, () => pastAccess(context.db, tenantId, at), {
      signal: context.deadline?.signal,
    }),
  );
}

/** @throws BAD_INPUT for a time before the tenant's first event. */
async function assertBegun({ db }: Context, tenantId: string, instant: Date, path: readonly string[]): Promise<void> {
  const first = await db.auditEvent.findFirst({
    where: { tenantId },
    orderBy: { seq: 'asc' },
    select: { at: true, seq: true },
  });
  // In a pruned chain, a time before its first event is EXPIRED or covered by a snapshot.
  if (first === null || first.seq !== 1n || instant >= first.at) return;
  throw badInput(path, `The time is before the first audit event of the tenant, at ${first.at.toISOString()}.`);
}

export interface VisiblePast {
  /** IDs of the principals that the viewer can read now. */
  readonly readable: ReadonlySet<string>;
  /**
   * Shown name of a principal who no longer has access and whom the viewer cannot read: the name in audit events that
   * the viewer can read. Undefined to hide the principal.
   */
  nameOf(principal: PastPrincipal): string | undefined;
}

/** Decides which principals of the past the viewer can see in the tenant. */
export async function visiblePast({ db, session }: Context, tenantId: string): Promise<VisiblePast> {
  const readable = await readableIds(db, reachOfPrincipals(session, [{ tenantId }]));
  const accesses = await db.tenantAccess.findMany({ where: { tenantId }, select: { principalId: true } });
  const present = new Set(accesses.map(({ principalId }) => principalId));
  // Events of the instance name principals without access to the tenant, such as super admins: shown only once deleted.
  const readsInstance = session.may('AUDITLOG:READ') !== undefined;
  const known = readsInstance ? await db.principal.findMany({ select: { id: true } }) : [];
  const alive = new Set(known.map(({ id }) => id));
  return {
    readable,
    nameOf({ id, kind, name, nameInTenant }) {
      if (readable.has(id) || present.has(id)) return undefined;
      if (nameInTenant !== undefined || !readsInstance || alive.has(id)) return nameInTenant;
      return `${kind === 'USER' ? 'user' : 'service-account'}:${name}`;
    },
  };
}

/**
 * The user or service account of a question about the past. @throws NOT_FOUND as for an ID that never existed,
 * BAD_INPUT for a time before the first event.
 */
export async function askedPastPrincipal(
  context: Context,
  past: PastAccess,
  tenantId: string,
  at: Date,
  subject: string | number,
  path: readonly string[] = [],
): Promise<PastPrincipal> {
  const { typename, id } = decodeId(String(subject), ['User', 'ServiceAccount'], [...path, 'subject']);
  await assertBegun(context, tenantId, at, [...path, 'at']);
  const { readable, nameOf } = await visiblePast(context, tenantId);
  const principal = past.principals.get(id);
  const own = principal?.kind === 'USER' ? 'User' : 'ServiceAccount';
  if (!principal || own !== typename) throw notFound('The subject');
  if (id !== context.session.principal.id && !readable.has(id) && nameOf(principal) === undefined)
    throw notFound('The subject');
  return { ...principal, namespaces: namesFor(principal.holdings) };
}
