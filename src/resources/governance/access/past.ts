import { badInput, notFound, unavailable } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId } from '../../../graphql/node.ts';
import { reachOfPrincipals, readableIds } from '../../../graphql/readable-principals.ts';
import { FairQueue } from '../../../lib/fair-queue.ts';
import { remember } from '../../../lib/remember.ts';
import { namesFor, type Past, type PastPrincipal, pastOf } from '../../../policy/past/past.ts';
import { assertMayAskAboutOthers } from './may-ask.ts';

/** Looking back reads many events: it must not take the database from those who ask about now. */
const looks = new FairQueue({
  width: 2,
  share: 1,
  perOwner: 10,
  total: 100,
  refusal: () => unavailable('Too many look back at once.'),
});

/**
 * Who had which access at a past instant; once for each request and instant. Rests on the audit log, so it takes the
 * right to read all of it in the tenant, about oneself too.
 * @throws FORBIDDEN, BAD_INPUT for an instant to come, EXPIRED, UNAVAILABLE where too many look back.
 */
export async function askedPast(
  context: Context,
  tenantId: string,
  at: Date,
  path: readonly string[] = ['at'],
): Promise<Past> {
  assertMayAskAboutOthers(context, { tenantId }, ['AUDITLOG:READ']);
  if (at.getTime() > Date.now()) throw badInput(path, 'This instant is in the future: give a past one.');
  const asked = remember(context.loaders as Map<string, Map<string, Promise<Past>>>, 'past', () => new Map());
  return remember(asked, `${tenantId} ${at.getTime()}`, () =>
    looks.run(context.session.accountId, () => pastOf(context.db, tenantId, at), {
      signal: context.deadline?.signal,
    }),
  );
}

/** @throws BAD_INPUT for an instant before the tenant's first event. */
async function assertBegun({ db }: Context, tenantId: string, instant: Date, path: readonly string[]): Promise<void> {
  const first = await db.auditEvent.findFirst({
    where: { tenantId },
    orderBy: { seq: 'asc' },
    select: { at: true, seq: true },
  });
  // Of a chain that was pruned, an instant before its first event is EXPIRED, or told by a snapshot.
  if (first === null || first.seq !== 1n || instant >= first.at) return;
  throw badInput(path, `This instant lies before the record of the tenant begins, at ${first.at.toISOString()}.`);
}

export interface Told {
  /** Ids of those whom the viewer may read now. */
  readonly readable: ReadonlySet<string>;
  /**
   * How the viewer is told of somebody who has no access any more, and whom they may not read: by the name in the
   * events that they may read anyway. Undefined: not at all.
   */
  nameOf(principal: PastPrincipal): string | undefined;
}

/** How the viewer may be told of those who could do something in the tenant. */
export async function toldOf({ db, session }: Context, tenantId: string): Promise<Told> {
  const readable = await readableIds(db, reachOfPrincipals(session, [{ tenantId }]));
  const accesses = await db.tenantAccess.findMany({ where: { tenantId }, select: { principalId: true } });
  const present = new Set(accesses.map(({ principalId }) => principalId));
  // The instance's events name those who had no access to the tenant, such as super admins: told once they are gone.
  const readsInstance = session.may('AUDITLOG:READ') !== undefined;
  const known = readsInstance ? await db.principal.findMany({ select: { id: true } }) : [];
  const alive = new Set(known.map(({ id }) => id));
  return {
    readable,
    nameOf({ id, kind, name, toldAs }) {
      if (readable.has(id) || present.has(id)) return undefined;
      if (toldAs !== undefined || !readsInstance || alive.has(id)) return toldAs;
      return `${kind === 'USER' ? 'user' : 'service-account'}:${name}`;
    },
  };
}

/** The user or service account that a question about the past is about. @throws NOT_FOUND as for an id that nobody had, BAD_INPUT for an instant before the record begins. */
export async function askedPastPrincipal(
  context: Context,
  past: Past,
  tenantId: string,
  at: Date,
  subject: string | number,
  path: readonly string[] = [],
): Promise<PastPrincipal> {
  const { typename, id } = decodeId(String(subject), ['User', 'ServiceAccount'], [...path, 'subject']);
  await assertBegun(context, tenantId, at, [...path, 'at']);
  const { readable, nameOf } = await toldOf(context, tenantId);
  const principal = past.principals.get(id);
  const own = principal?.kind === 'USER' ? 'User' : 'ServiceAccount';
  if (!principal || own !== typename) throw notFound('The subject');
  if (id !== context.session.principal.id && !readable.has(id) && nameOf(principal) === undefined)
    throw notFound('The subject');
  return { ...principal, namespaces: namesFor(principal.holdings) };
}
