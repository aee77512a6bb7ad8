export type ActorKind = 'USER' | 'SERVICE_ACCOUNT' | 'SYSTEM' | 'ANONYMOUS';

/** By what somebody signed in. */
export interface Credential {
  readonly kind: 'basic' | 'api-token' | 'system';
  /** Id of the token; absent for a password. */
  readonly id?: string;
  /** Kind of who it belongs to: while impersonating, not the actor. */
  readonly ownerKind?: 'USER' | 'SERVICE_ACCOUNT';
  readonly createdAt?: Date;
  readonly expiresAt?: Date | null;
  /** The last use before this one, to the minute. What the policies refused was no use. */
  readonly lastUsedAt?: Date | null;
}

/** Who asks. What a policy may know of them. */
export interface Actor {
  readonly kind: ActorKind;
  readonly id: string;
  readonly name: string;
  /** Ids of the actor's groups in the tenant of the question only. */
  readonly groups: readonly string[];
  readonly credential: Credential;
  /** Who really acts, while impersonating. */
  readonly impersonator?: { readonly id: string; readonly name: string };
  isIn(groups: ReadonlySet<string>): boolean;
}

/** The circumstances of a request, given to policies and written into audit events. */
export interface Env {
  readonly now: Date;
  readonly ip?: string;
  readonly reason?: string;
  readonly requestId: string;
}
