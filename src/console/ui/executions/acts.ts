import { graphql } from 'react-relay/hooks';
import type { GraphQLTaggedNode } from 'relay-runtime';
import { needs, type Permission } from '../../access/viewer.ts';
import type { IconName } from '../drawings.tsx';
import { isEnded } from '../state.ts';

graphql`
  fragment acts_result on ExecutionResult {
    id
    error {
      message
    }
    execution {
      executionId
    }
  }
`;

const kill = graphql`
  mutation actsKillMutation($input: KillExecutionsInput!) {
    outcome: killExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const pause = graphql`
  mutation actsPauseMutation($input: PauseExecutionsInput!) {
    outcome: pauseExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const resume = graphql`
  mutation actsResumeMutation($input: ResumeExecutionsInput!) {
    outcome: resumeExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const restart = graphql`
  mutation actsRestartMutation($input: RestartExecutionsInput!) {
    outcome: restartExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const replay = graphql`
  mutation actsReplayMutation($input: ReplayExecutionsInput!) {
    outcome: replayExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const unqueue = graphql`
  mutation actsUnqueueMutation($input: UnqueueExecutionsInput!) {
    outcome: unqueueExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const forceRun = graphql`
  mutation actsForceRunMutation($input: ForceRunExecutionsInput!) {
    outcome: forceRunExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const setState = graphql`
  mutation actsSetStateMutation($input: SetExecutionsStateInput!) {
    outcome: setExecutionsState(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const addLabels = graphql`
  mutation actsAddLabelsMutation($input: AddExecutionsLabelsInput!) {
    outcome: addExecutionsLabels(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;
const remove = graphql`
  mutation actsDeleteMutation($input: DeleteExecutionsInput!) {
    outcome: deleteExecutions(input: $input) {
      acceptedCount
      results {
        ...acts_result @relay(mask: false)
      }
    }
  }
`;

/** What can be done to executions. */
export interface ExecutionAct {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly permission: Permission;
  /** The action of `viewerPermissions`. */
  readonly action: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly mutation: GraphQLTaggedNode;
  /** What the act means, in a sentence. */
  readonly text: string;
  /** Why the act is not possible in a state; undefined if it is. */
  readonly why: (state: string) => string | undefined;
  readonly isDanger?: boolean;
  /** What the viewer has to give. */
  readonly asks?: 'state' | 'queue-state' | 'labels' | 'inputs';
}

/** States from which an execution can be restarted. One that succeeded is replayed instead. */
const restartable = new Set(['FAILED', 'WARNING', 'KILLED', 'CANCELLED']);
const waiting = new Set(['CREATED', 'QUEUED', 'PAUSED', 'BREAKPOINT', 'RETRYING']);

export const acts = {
  restart: {
    name: 'restart',
    title: 'Restart',
    icon: 'restart',
    permission: needs.restartExecutions,
    action: 'UPDATE',
    mutation: restart,
    text: 'It continues from the task runs that failed, in the same execution.',
    why: (state) =>
      restartable.has(state)
        ? undefined
        : isEnded(state)
          ? 'It ended without a failure. Replay it instead.'
          : 'Only an ended execution can be restarted.',
  },
  replay: {
    name: 'replay',
    title: 'Replay',
    icon: 'play',
    permission: needs.replayExecutions,
    action: 'CREATE',
    mutation: replay,
    text: 'It runs again from its start, as a new execution with the same inputs.',
    why: (state) => (isEnded(state) ? undefined : 'Only an ended execution can be replayed.'),
  },
  resume: {
    name: 'resume',
    title: 'Resume',
    icon: 'play',
    permission: needs.resumeExecutions,
    action: 'UPDATE',
    mutation: resume,
    asks: 'inputs',
    text: 'It continues with its next task.',
    why: (state) =>
      state === 'PAUSED' || state === 'BREAKPOINT' ? undefined : 'Only a paused execution can be resumed.',
  },
  pause: {
    name: 'pause',
    title: 'Pause',
    icon: 'pause',
    permission: needs.pauseExecutions,
    action: 'UPDATE',
    mutation: pause,
    text: 'It stops before its next task, until it is resumed.',
    why: (state) => (state === 'RUNNING' ? undefined : 'Only a running execution can be paused.'),
  },
  kill: {
    name: 'kill',
    title: 'Kill',
    icon: 'x',
    permission: needs.killExecutions,
    action: 'UPDATE',
    mutation: kill,
    isDanger: true,
    text: 'Its tasks are stopped, and it ends as killed.',
    why: (state) =>
      isEnded(state) ? 'It has already ended.' : state === 'KILLING' ? 'It is already being killed.' : undefined,
  },
  labels: {
    name: 'labels',
    title: 'Add labels',
    icon: 'tag',
    permission: needs.addExecutionsLabels,
    action: 'UPDATE',
    mutation: addLabels,
    asks: 'labels',
    text: 'A label with the same key gets the new value. Others are kept.',
    why: () => undefined,
  },
  state: {
    name: 'state',
    title: 'Set state',
    icon: 'st-success',
    permission: needs.setExecutionsState,
    action: 'UPDATE',
    mutation: setState,
    asks: 'state',
    text: 'The state of the execution changes. No task runs again.',
    why: (state) => (isEnded(state) ? undefined : 'Only the state of an ended execution can be set.'),
  },
  unqueue: {
    name: 'unqueue',
    title: 'Take out of the queue',
    icon: 'st-queued',
    permission: needs.unqueueExecutions,
    action: 'UPDATE',
    mutation: unqueue,
    asks: 'queue-state',
    text: 'It leaves the queue without waiting for the other executions of its flow.',
    why: (state) => (state === 'QUEUED' ? undefined : 'Only a queued execution can be taken out of the queue.'),
  },
  forceRun: {
    name: 'forceRun',
    title: 'Force to run',
    icon: 'bolt',
    permission: needs.forceRunExecutions,
    action: 'UPDATE',
    mutation: forceRun,
    text: 'It runs now, whatever it waits for.',
    why: (state) => (waiting.has(state) ? undefined : 'Only an execution that waits can be forced to run.'),
  },
  delete: {
    name: 'delete',
    title: 'Delete',
    icon: 'x',
    permission: needs.deleteExecutions,
    action: 'DELETE',
    mutation: remove,
    isDanger: true,
    text: 'It is deleted with its task runs, logs, outputs and metrics. This cannot be undone.',
    why: () => undefined,
  },
} as const satisfies Readonly<Record<string, ExecutionAct>>;

export type ActName = keyof typeof acts;
export const actNames = Object.keys(acts) as readonly ActName[];
export const actOf = (name: ActName): ExecutionAct => acts[name];
