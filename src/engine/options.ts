import type { GatewayOptions } from './gateway.ts';
import type {
  EngineClaimCommandsMutation,
  EngineClaimTriggersMutation,
  RegisterServiceInput,
} from './generated/schema.ts';
import type { Refusal } from './reports.ts';

export type Command = NonNullable<EngineClaimCommandsMutation['claimCommands']>['commands'][number];
type Claims = NonNullable<EngineClaimTriggersMutation['claimTriggers']>['claims'];
/** A due trigger. Start its execution with `executionId`, which is the same if the trigger is claimed again. */
export type DueTrigger = Omit<Claims[number], 'trigger'> & {
  readonly trigger: NonNullable<Claims[number]['trigger']>;
  readonly executionId: string;
};
/** The execution that a trigger started; null if it did not fire. `ended`: a realtime trigger stopped listening. */
export type Fired = string | null | { readonly executionId?: string | null; readonly ended: boolean };

export interface EngineOptions extends GatewayOptions {
  /** Begins the ID of the service. A new ID is created at each start. */
  readonly name: string;
  /** Type of the service. Defaults to EXECUTOR. */
  readonly type?: RegisterServiceInput['type'];
  readonly version?: string;
  readonly workerGroupKey?: string;
  readonly timings?: RegisterServiceInput['timings'];
  /** The only tenant to serve. Omit to serve every tenant that the account is allowed to serve. */
  readonly tenantKey?: string;
  /** File with the reports that the gateway has not answered. Without it, they are lost when the process is killed. */
  readonly journal?: string;
  /** Carries out a command and acknowledges it in a report. A command that is not acknowledged is claimed again. */
  readonly onCommand?: (command: Command) => Promise<void> | void;
  /** Evaluates a due trigger: creates its execution and returns its ID. */
  readonly onTrigger?: (due: DueTrigger) => Promise<Fired> | Fired;
  /** Number of further commands and triggers that the engine can accept now. Defaults to 100. */
  readonly capacity?: () => number;
  /** Time between two claims of commands when there is no work, in milliseconds. Defaults to 500. Twice that for triggers. */
  readonly pollMs?: number;
  /** The gateway refuses a report. It is not sent again. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** Another engine has reported this execution later: this one must stop running it. */
  readonly onSuperseded?: (tenantKey: string, executionId: string) => void;
  /** The service was evicted and has registered again. Its claims were released, and others can have them. */
  readonly onEvicted?: () => void;
  /** A handler has thrown. */
  readonly onFault?: (fault: unknown) => void;
}
