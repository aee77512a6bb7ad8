import type { Permission } from '../../access/catalog.ts';
import type { Doer, Grant, Origin } from '../../access/grant.ts';
import type { Store } from '../../db/transaction.ts';
import { unauthenticated } from '../../errors.ts';
import type { Engine } from '../decide/engine.ts';
import { type Ceiling, limitedBy } from '../principals/ceiling.ts';
import { confine, loadPrincipals } from '../principals/principal.ts';
import type { Freshness } from './freshness.ts';
import { AccessSession } from './session.ts';

/** A principal who offered something in a tenant that another person accepts later. */
export interface Offerer {
  readonly principalId: string;
  /** The account that impersonated the principal. */
  readonly impersonatorId: string | null;
  /** Max permissions of the credential that they used. */
  readonly ceiling: Ceiling | null;
}

export interface BehalfOptions {
  readonly store: Store;
  readonly engine: Engine;
  readonly freshness: Freshness;
}

/**
 * Creates a session with the present permissions of a principal who did not send the request. It gives no more than the
 * offer could: what the principal, their impersonator and the ceiling allow now. Policies see the credential `system`.
 */
export function sessionOnBehalf(
  { store, engine, freshness }: BehalfOptions,
  { principalId, impersonatorId, ceiling }: Offerer,
  tenantId: string | null,
  { ip, requestId, callerRequestId }: Origin,
): AccessSession {
  const ids = [principalId, ...(impersonatorId === null ? [] : [impersonatorId])];
  return new AccessSession({
    engine,
    freshness,
    ip,
    requestId,
    callerRequestId,
    async identify() {
      const found = await loadPrincipals(store.prisma, ids);
      const [principal, impersonator] = ids.map((id) => found.get(id));
      if (!principal || principal.disabled) throw unauthenticated();
      if (impersonatorId !== null && (!impersonator || impersonator.disabled)) throw unauthenticated();
      const isConfined = impersonator && !impersonator.superAdmin;
      const confined = isConfined ? confine(principal, new Set(tenantId === null ? [] : [tenantId])) : principal;
      return {
        principal: limitedBy(ceiling, confined),
        ...(ceiling && { ceiling }),
        credential: { kind: 'system', ownerKind: principal.kind },
        ...(impersonator && { impersonator }),
        revision: principal.revision,
      };
    },
  });
}

/** Returns the grant with another actor in its events: the person who accepts what the holder of the grant offered. */
export const withActor = <P extends Permission>(grant: Grant<P>, doer: Doer): Grant<P> =>
  Object.create(grant as object, { doer: { value: doer, enumerable: true } }) as Grant<P>;
