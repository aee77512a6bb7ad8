import type { Actor, Credential } from '../../access/actor.ts';
import type { Ceiling } from '../principals/ceiling.ts';
import type { Principal } from '../principals/principal.ts';

export interface Rotation {
  /** True if the rights of the user have changed since the session got its ID. */
  readonly isDue: boolean;
  /** @returns the new cookie; undefined if another request was first. */
  perform(): Promise<string | undefined>;
}

/** The identity that a caller has proved. */
export interface Identity {
  readonly principal: Principal;
  readonly credential: Credential;
  readonly impersonator?: Principal;
  /** The maximum permissions of the credential. `principal` is already limited to it. Absent without a ceiling. */
  readonly ceiling?: Ceiling;
  /** The oldest revision among the data of this identity. */
  readonly revision: bigint;
  /** When the identity must be proved again. */
  readonly until?: Date;
  /** How the session that the request's own cookie identifies gets a new ID. Absent for all other credentials. */
  readonly rotation?: Rotation;
  /** Records that the credential allowed an operation. */
  readonly used?: () => Promise<void>;
}

/** Returns what policies can read of a principal in a tenant. */
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
    // An impersonator gains no exemption that a policy grants to a group, unless they are a member themselves.
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
