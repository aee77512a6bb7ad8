/** Types of services of the orchestrator. */
export const serviceTypes = {
  EXECUTOR: 'Runs executions.',
  SCHEDULER: 'Evaluates triggers.',
  WORKER: 'Runs tasks.',
  INDEXER: 'Indexes data for search.',
  WEBSERVER: 'Serves the API of the orchestrator.',
  CONTROLLER: 'Distributes work to workers.',
  INVALID: 'An unknown type.',
} as const;
export type ServiceType = keyof typeof serviceTypes;

/** The states of a service. */
export const serviceStates = {
  CREATED: 'Registered; not running yet.',
  RUNNING: 'Running.',
  MAINTENANCE: 'Running, without accepting new work.',
  ERROR: 'Failed; about to end.',
  DISCONNECTED: 'No heartbeat.',
  TERMINATING: 'Ending.',
  TERMINATED_GRACEFULLY: 'Ended after its work was done.',
  TERMINATED_FORCED: 'Ended during its work.',
  NOT_RUNNING: 'Gone.',
  INACTIVE: 'Gone, and its work released. The row is kept for some days.',
} as const;
export type ServiceState = keyof typeof serviceStates;

/** Allowed next states. Staying in a state is always allowed. */
const next: Readonly<Record<ServiceState, readonly ServiceState[]>> = {
  CREATED: ['RUNNING', 'ERROR', 'DISCONNECTED'],
  RUNNING: ['ERROR', 'DISCONNECTED', 'TERMINATING', 'MAINTENANCE'],
  MAINTENANCE: ['RUNNING', 'ERROR', 'DISCONNECTED', 'TERMINATING'],
  ERROR: ['TERMINATING'],
  DISCONNECTED: ['TERMINATING', 'NOT_RUNNING'],
  TERMINATING: ['TERMINATED_GRACEFULLY', 'TERMINATED_FORCED', 'NOT_RUNNING'],
  TERMINATED_GRACEFULLY: ['NOT_RUNNING'],
  TERMINATED_FORCED: ['NOT_RUNNING'],
  NOT_RUNNING: ['INACTIVE'],
  INACTIVE: [],
};

export const mayFollow = (from: ServiceState, to: ServiceState): boolean => from === to || next[from].includes(to);

/** Alive when last heard of. */
export const runningStates: readonly ServiceState[] = ['CREATED', 'RUNNING', 'MAINTENANCE'];
/** Gone for good. */
export const endedStates: readonly ServiceState[] = ['NOT_RUNNING', 'INACTIVE'];
