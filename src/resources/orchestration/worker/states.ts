/** What a service of the orchestrator is. */
export const serviceTypes = {
  EXECUTOR: 'It runs executions.',
  SCHEDULER: 'It evaluates triggers.',
  WORKER: 'It runs tasks.',
  INDEXER: 'It copies what happened to where it is searched.',
  WEBSERVER: 'It serves the API of the orchestrator.',
  CONTROLLER: 'It hands work to workers.',
  INVALID: 'Something that is not known here.',
} as const;
export type ServiceType = keyof typeof serviceTypes;

/** The states of a service. */
export const serviceStates = {
  CREATED: 'Registered, and not running yet.',
  RUNNING: 'It works.',
  MAINTENANCE: 'It runs and takes no new work.',
  ERROR: 'It failed and will end.',
  DISCONNECTED: 'It is silent.',
  TERMINATING: 'It is ending.',
  TERMINATED_GRACEFULLY: 'It ended, its work done.',
  TERMINATED_FORCED: 'It ended in the middle of its work.',
  NOT_RUNNING: 'It is gone.',
  INACTIVE: 'It is gone and settled; the row is kept for some days.',
} as const;
export type ServiceState = keyof typeof serviceStates;

/** From each state, those that may follow. Staying in a state is always allowed. */
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

/** They are alive, or were when they were last heard of. */
export const runningStates: readonly ServiceState[] = ['CREATED', 'RUNNING', 'MAINTENANCE'];
/** They are gone for good. */
export const endedStates: readonly ServiceState[] = ['NOT_RUNNING', 'INACTIVE'];
