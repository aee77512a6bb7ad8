import type { Permission } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Tx } from '../../../db/transaction.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import type { Faults } from './faults.ts';
import type { Description } from './model.ts';
import type { State } from './state.ts';

/** The application of one description to one tenant. */
export interface Work {
  readonly tx: Tx;
  readonly session: AccessSession;
  readonly tenant: TenantRef;
  readonly description: Description;
  readonly state: State;
  readonly faults: Faults;
}

/** Each change is decided under its own permission, as if it were sent alone. */
export const inTenant = <P extends Permission>({ session, tenant }: Work, permission: P): Grant<P> =>
  session.grant(permission, { tenantId: tenant.id });

/** Owners of a group can also change its members. */
export const overMembers = ({ session, tenant }: Work): Grant<'GROUP:UPDATE'> =>
  session.grant('GROUP:UPDATE', { tenantId: tenant.id, part: 'members' });

/** The fields of `wanted` that differ from the current state; undefined if none do. */
export function difference<T extends object>(present: object, wanted: T): Partial<T> | undefined {
  const said = Object.entries(wanted).filter(
    ([field, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify((present as never)[field]),
  );
  return said.length === 0 ? undefined : (Object.fromEntries(said) as Partial<T>);
}
