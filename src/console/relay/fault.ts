/** What would lift a refusal: a recent proof of who the viewer is. */
export interface StepUp {
  readonly secondFactor: boolean;
}

/** An error of the API, as the console shows it. */
export interface Fault {
  readonly message: string;
  readonly code: string;
  readonly permission?: string | undefined;
  readonly decisionId?: string | undefined;
  readonly policy?: string | undefined;
  readonly stepUp?: StepUp | undefined;
  /** Faults of the input, with the path of each. */
  readonly issues?: readonly Issue[] | undefined;
}

export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The request did not reach the gateway, or its answer is not JSON. */
export class NetworkFault extends Error {}
/** A part of the console is gone after an update of the gateway. */
export class Stale extends Error {}
/** The session has ended, or there is none. */
export class SignedOut extends Error {}

/** Errors of one operation without data, or of a mutation. */
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
  stepUp: extensions['stepUp'] as StepUp | undefined,
  issues: extensions['issues'] as Issue[] | undefined,
});

/** What to show of an error that an operation threw. */
export const faultsIn = (error: unknown): readonly Fault[] =>
  error instanceof Refused
    ? error.faults
    : [{ code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }];
