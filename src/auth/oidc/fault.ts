/** Why a sign-in at a provider failed, with the status of its page. `of` is the title of the provider. */
const faults = {
  NO_PUBLIC_URL: [
    500,
    () => 'The gateway does not know its own address. An administrator can set GATEHOUSE_PUBLIC_URL.',
  ],
  PROVIDER_UNAVAILABLE: [503, (of) => `${of} does not respond. Try again later.`],
  PROVIDER_INVALID: [502, (of) => `The gateway cannot read the response of ${of}. Ask an administrator.`],
  PROVIDER_REFUSED: [403, (of) => `${of} refused the sign-in.`],
  WRONG_ISSUER: [502, (of) => `The response comes from another issuer than ${of}. Ask an administrator.`],
  INVALID_TOKEN: [502, (of) => `The gateway cannot verify the ID token of ${of}. Try again, or ask an administrator.`],
  CLOCK: [502, (of) => `The clocks of ${of} and of the gateway differ by more than a minute. Ask an administrator.`],
  NO_TRANSACTION: [400, () => 'This browser did not begin this sign-in, or it began another one since. Sign in again.'],
  EXPIRED: [400, () => 'The sign-in took too long. Sign in again.'],
  USED: [400, () => 'This sign-in is complete. Sign in again if you are not signed in.'],
  CANCELLED: [400, (of) => `The sign-in at ${of} was cancelled.`],
  UNKNOWN_PERSON: [403, (of) => `Your account of ${of} does not belong to a user. Ask an administrator to link it.`],
  NAME_TAKEN: [
    403,
    (of) =>
      `Another user has your user name or e-mail address. Ask an administrator to link your account of ${of} to that user.`,
  ],
  NAME_INVALID: [403, (of) => `${of} sent no valid user name for your account. Ask an administrator.`],
  NOT_ALLOWED: [403, (of) => `Your user cannot sign in with ${of}. Ask an administrator.`],
  GROUPS_MISSING: [403, (of) => `${of} did not send your groups, which the gateway requires. Ask an administrator.`],
  GROUPS_OVERAGE: [403, (of) => `You have more groups than ${of} can send. Ask an administrator.`],
} as const satisfies Record<string, readonly [number, (of: string) => string]>;
export type SignInCause = keyof typeof faults;

/** A failed sign-in. Its message is for the person, `detail` for the audit log and the log of the gateway. */
export class SignInFault extends Error {
  readonly reason: SignInCause;
  readonly status: number;
  readonly detail: Readonly<Record<string, string>>;

  constructor(
    reason: SignInCause,
    provider: { readonly title: string },
    detail: Readonly<Record<string, string>> = {},
  ) {
    super(faults[reason][1](provider.title));
    this.name = 'SignInFault';
    this.reason = reason;
    this.status = faults[reason][0];
    this.detail = detail;
  }
}
