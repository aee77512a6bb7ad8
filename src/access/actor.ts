export const actorKinds = ['USER', 'SERVICE_ACCOUNT', 'SYSTEM', 'ANONYMOUS'] as const;
export type ActorKind = (typeof actorKinds)[number];

/** How the actor signed in. */
export interface Credential {
  readonly kind: 'basic' | 'api-token' | 'workload' | 'session' | 'system';
  /** ID of the token, session or trust; absent for a password. */
  readonly id?: string;
  /** How the session was begun: by password, by passkey, or by single sign-on. */
  readonly method?: 'password' | 'passkey' | 'oidc';
  /** Name of the provider of single sign-on. Null for a session by password or passkey. */
  readonly provider?: string | null;
  /** When the person last proved who they are in the session: the sign-in, or a step-up. */
  readonly provedAt?: Date;
  /** The second factor that the person gave last in the session, and when. Null for none. */
  readonly secondFactor?: 'totp' | 'recovery-code' | 'passkey' | null;
  readonly secondFactorAt?: Date | null;
  /** Issuer and subject of the token of a workload. */
  readonly issuer?: string;
  readonly subject?: string;
  /** Kind of the owner. While impersonating, that is not the actor. */
  readonly ownerKind?: 'USER' | 'SERVICE_ACCOUNT';
  /** When the token was created, the password was set, or the person signed in to the session. */
  readonly createdAt?: Date;
  readonly expiresAt?: Date | null;
  /** Time of the previous use, to the minute. A use that policies refused does not count. */
  readonly lastUsedAt?: Date | null;
}

/** True for a credential of a program, which cannot create what outlives it. */
export const isOfProgram = ({ kind }: Pick<Credential, 'kind'>): boolean => kind === 'api-token' || kind === 'workload';

/** The caller, as policies see it. */
export interface Actor {
  readonly kind: ActorKind;
  readonly id: string;
  readonly name: string;
  /** IDs of the actor's groups, in the tenant of the question only. */
  readonly groups: readonly string[];
  readonly credential: Credential;
  /** The real actor, while impersonating. */
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
