import type { Actor, Credential } from '../../access/actor.ts';
import type { Ceiling } from '../principals/ceiling.ts';
import type { Principal } from '../principals/principal.ts';

/** Who somebody proved to be. */
export interface Identity {
  readonly principal: Principal;
  readonly credential: Credential;
  readonly impersonator?: Principal;
  /** What the credential may do at most; the principal is limited to it already. Absent: all that its owner may. */
  readonly ceiling?: Ceiling;
  /** The oldest revision among what this was made from. */
  readonly revision: bigint;
  /** When it must be proved anew. */
  readonly until?: Date;
  /** Notes that something was allowed by the credential. */
  readonly used?: () => Promise<void>;
}

/** What policies may know of somebody in a tenant. */
export function actorOf(
  principal: Pick<Principal, 'kind' | 'id' | 'name' | 'memberships'>,
  tenantId: string | undefined,
  credential: Credential,
  exceptedGroups: ReadonlySet<string> = new Set(),
  impersonator?: Pick<Principal, 'id' | 'name' | 'memberships'>,
): Actor {
  const groups = principal.memberships
    .filter((m) => m.tenantId === tenantId)
    .map((m) => m.groupId)
    // What a policy leaves to a group is not had by acting as one of it.
    .filter((id) => !impersonator || !exceptedGroups.has(id) || impersonator.memberships.some((m) => m.groupId === id));
  return {
    kind: principal.kind,
    id: principal.id,
    name: principal.name,
    groups,
    credential,
    ...(impersonator && { impersonator: { id: impersonator.id, name: impersonator.name } }),
    isIn: (wanted) => groups.some((group) => wanted.has(group)),
  };
}
