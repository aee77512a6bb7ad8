import { type Permission, split } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { type AccessState, lockState, raisedIn } from '../../access/revision.ts';
import { currentDeadline } from '../../db/deadline.ts';
import { inTransaction, type Store, type Tx } from '../../db/transaction.ts';
import { GatehouseError } from '../../errors.ts';
import { FairQueue } from '../../lib/fair-queue.ts';
import { holdingLock } from '../../lib/held-lock.ts';
import { remember } from '../../lib/remember.ts';
import type { Scope } from '../decide/decision.ts';
import { type Evidence, evidenceOf, noteDecision } from '../decisions/evidence.ts';
import { recordInTransaction } from '../decisions/log.ts';
import type { AccessSession } from './session.ts';
import { readState } from './store-state.ts';

class Stale extends Error {}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly timeoutMs?: number;
  /** Serialise with every other change of access, though the permission's own resource does not feed it. */
  readonly feedsAccess?: boolean;
  /** What a machine reports many times a minute: its decision is not recorded with each (its refusals are). */
  readonly telemetry?: boolean;
}

/** What was noted, and what the error itself brings of other decisions. */
const merged = (noted: readonly Evidence[], own: readonly object[] = []): readonly Evidence[] => [
  ...noted,
  ...(own as readonly Evidence[]).filter(({ decision, reviews }) => {
    const known = noted.find((one) => one.decision === decision);
    if (known && known.reviews.length === 0) known.reviews.push(...reviews);
    return known === undefined;
  }),
];

const maxAttempts = 10;

/**
 * Writers of access wait for each other here, before they take a connection, and not on the row that they all lock:
 * so none finds that another of the same gateway was first, and they cannot use up the pool by waiting. Accounts take
 * turns; dry runs wait until no change does.
 */
const writers = new WeakMap<Store, FairQueue>();
const queueOfWriters = () =>
  new FairQueue({
    width: 1,
    perOwner: 250,
    total: 500,
    refusal: () =>
      new GatehouseError('UNAVAILABLE', 'Too many changes of access at once. Try again.', { retryAfter: 2 }),
  });

/**
 * Decides and writes: the decision is made of what the transaction itself still finds true. Where access changed
 * between decision and transaction, both are made anew. Writers of access come one after the other, so that rules
 * over several rows (the last super admin, the default role) hold.
 */
export async function write<P extends Permission, T>(
  session: AccessSession,
  store: Store,
  permission: P,
  scope: Scope,
  work: (tx: Tx, grant: Grant<P>) => Promise<T>,
  {
    dryRun = false,
    timeoutMs,
    telemetry = false,
    feedsAccess = resourceDefinition(split(permission)[0])?.feedsAccess ?? true,
  }: WriteOptions = {},
): Promise<T> {
  /** Is the state that the change left behind known, so that it need not be read? */
  let isKnown = false;
  const attempts = async (): Promise<T> => {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      currentDeadline()?.throwIfOver();
      await session.refresh();
      const grant = session.grant(permission, scope);
      const { revision } = session;
      let committed: { readonly tx: Tx; readonly before: AccessState } | undefined;
      try {
        const done = await inTransaction(
          store,
          async (tx) => {
            const state = await (feedsAccess ? lockState(tx) : readState(tx));
            if (state.revision !== revision || state.policySet !== session.engine.fingerprint)
              throw new Stale('access changed meanwhile');
            committed = { tx, before: state };
            noteDecision(tx, session.decide(permission, scope));
            if (!telemetry) recordInTransaction(tx, session.engine.fingerprint);
            try {
              return await (feedsAccess ? holdingLock(() => work(tx, grant)) : work(tx, grant));
            } catch (error) {
              if (error instanceof GatehouseError) error.evidence = merged(evidenceOf(tx), error.evidence);
              throw error;
            }
          },
          { dryRun, ...(timeoutMs !== undefined && { timeoutMs }) },
        );
        const after = dryRun ? undefined : raisedIn(committed!.tx);
        isKnown = after !== undefined && session.freshness.follow(committed!.before, after);
        return done;
      } catch (error) {
        if (!(error instanceof Stale)) throw error;
        // Not taken from the transaction: whether the store is of another history is found out there.
        await session.freshness.confirm();
      }
    }
    throw new GatehouseError('UNAVAILABLE', 'Access changed repeatedly during the request. Try again.', {
      retryAfter: 1,
    });
  };
  try {
    if (!feedsAccess) return await attempts();
    const deadline = currentDeadline();
    const place = { behind: dryRun, signal: deadline?.signal };
    // The turn is everybody's: it does not wait until the other statements of its account are done.
    const turn = () => (deadline ? deadline.goAhead(attempts) : attempts());
    return await remember(writers, store, queueOfWriters).run(session.accountId, turn, place);
  } finally {
    if (feedsAccess && !dryRun && !isKnown && session.freshness.isFresh) await session.freshness.confirmWithin(1_000);
    session.forget();
  }
}
