import type { Doer } from '../../../access/grant.ts';
import { raiseRevision } from '../../../access/revision.ts';
import type { SecondFactorKind } from '../../../auth/methods.ts';
import type { Tx } from '../../../db/transaction.ts';
import { unauthenticated } from '../../../errors.ts';
import { provedBy } from '../second-factor/code.ts';
import { ending, note, type SessionServices } from './sign-in.ts';

export interface SteppedUp {
  readonly provedAt: Date;
  readonly secondFactorAt: Date | null;
}

/** A second factor that a person has just given. */
export interface GivenFactor {
  readonly kind: SecondFactorKind;
  /** Uses it, in the transaction of what it allows. @throws BAD_INPUT if another request used it first. */
  readonly use: (tx: Tx) => Promise<void>;
}

/**
 * Records in the session that its person has proved again who they are. Every gateway then reads the session again.
 * @param factor the second factor that they gave; undefined if they gave their password.
 */
export async function stepUp(
  services: SessionServices,
  doer: Doer,
  sessionId: string,
  factor: GivenFactor | undefined,
): Promise<SteppedUp> {
  const now = new Date();
  let secondFactorAt: Date | null = null;
  await ending(services, doer.id, async (tx) => {
    await factor?.use(tx);
    const data = { provedAt: now, ...(factor && provedBy(factor, now)) };
    const [row] = await tx.session.updateManyAndReturn({ where: { id: sessionId, principalId: doer.id }, data });
    // It ended meanwhile.
    if (!row) throw unauthenticated();
    ({ secondFactorAt } = row);
    note(tx, doer, { id: sessionId, owner: doer.name }, 'LOGIN', 'step-up', { by: factor?.kind ?? 'PASSWORD' });
    raiseRevision(tx);
  });
  return { provedAt: now, secondFactorAt };
}
