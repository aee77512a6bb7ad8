/** An error of the API, as the console shows it. */
export interface Fault {
  readonly message: string;
  readonly code: string;
  readonly permission?: string | undefined;
  readonly decisionId?: string | undefined;
  readonly policy?: string | undefined;
}

/** The request did not reach the gateway, or its answer is not JSON. */
export class NetworkFault extends Error {}
/** The session has ended, or there is none. */
export class SignedOut extends Error {}

/** Errors of one operation without data. */
export class Refused extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ message }) => message).join(' '));
    this.faults = faults;
  }
}

interface ErrorOfApi {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const faultOf = ({ message, extensions = {} }: ErrorOfApi): Fault => ({
  message,
  code: textOf(extensions['code']) ?? 'INTERNAL',
  permission: textOf(extensions['permission']),
  decisionId: textOf(extensions['decisionId']),
  policy: textOf(extensions['policy']),
});
