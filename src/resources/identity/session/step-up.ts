import type { Doer } from '../../../access/grant.ts';
import { raiseRevision } from '../../../access/revision.ts';
import { unauthenticated } from '../../../errors.ts';
import { provedBy, type RightCode, useCode } from '../second-factor/code.ts';
import { wrongCode } from '../second-factor/service.ts';
import { ending, note, type SessionServices } from './sign-in.ts';

export interface SteppedUp {
  readonly provedAt: Date;
  readonly secondFactorAt: Date | null;
}

/**
 * Records in the session that its person has proved again who they are. Every gateway then reads the session again.
 * @param code the code that they gave; undefined if they gave their password.
 */
export async function stepUp(
  services: SessionServices,
  doer: Doer,
  sessionId: string,
  code: RightCode | undefined,
): Promise<SteppedUp> {
  const now = new Date();
  let secondFactorAt: Date | null = null;
  await ending(services, doer.id, async (tx) => {
    if (code && !(await useCode(tx, doer.id, code))) throw wrongCode(['body', 'code']);
    const data = { provedAt: now, ...(code && provedBy(code, now)) };
    const [row] = await tx.session.updateManyAndReturn({ where: { id: sessionId, principalId: doer.id }, data });
    // It ended meanwhile.
    if (!row) throw unauthenticated();
    ({ secondFactorAt } = row);
    note(tx, doer, { id: sessionId, owner: doer.name }, 'LOGIN', 'step-up', { by: code ? code.kind : 'PASSWORD' });
    raiseRevision(tx);
  });
  return { provedAt: now, secondFactorAt };
}
