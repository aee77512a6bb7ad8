import { graphql } from 'react-relay/hooks';
import type { GraphQLTaggedNode } from 'relay-runtime';
import { needs, type Permission } from '../../access/viewer.ts';
import type { IconName } from '../drawings.tsx';
import type { TriggerRow } from './row.ts';

const setDisabled = graphql`
  mutation actsSetTriggersDisabledMutation($input: SetTriggersDisabledInput!) {
    outcome: setTriggersDisabled(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;
const unlock = graphql`
  mutation actsUnlockTriggersMutation($input: UnlockTriggersInput!) {
    outcome: unlockTriggers(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;
const restart = graphql`
  mutation actsRestartTriggersMutation($input: RestartTriggersInput!) {
    outcome: restartTriggers(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;
const reset = graphql`
  mutation actsDeleteTriggersMutation($input: DeleteTriggersInput!) {
    outcome: deleteTriggers(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;

export type TriggerActName = 'enable' | 'disable' | 'unlock' | 'restart' | 'reset';

export interface TriggerAct {
  readonly name: TriggerActName;
  readonly title: string;
  readonly icon: IconName;
  readonly permission: Permission;
  /** The action on the trigger, among `viewerPermissions`. */
  readonly action: 'UPDATE' | 'DELETE';
  readonly mutation: GraphQLTaggedNode;
  readonly more: object;
  readonly isDanger: boolean;
  readonly text: string;
  readonly doneTitle: string;
  /** Why the act makes no sense now. */
  readonly why: (trigger: TriggerRow) => string | undefined;
}

/** The acts on triggers, of one or of many. */
export const triggerActs: readonly TriggerAct[] = [
  {
    name: 'enable',
    title: 'Enable',
    icon: 'play',
    permission: needs.setTriggersDisabled,
    action: 'UPDATE',
    mutation: setDisabled,
    more: { disabled: false },
    isDanger: false,
    text: 'It starts executions again.',
    doneTitle: 'Enabled',
    why: ({ disabled }) => (disabled ? undefined : 'It is enabled.'),
  },
  {
    name: 'disable',
    title: 'Disable',
    icon: 'pause',
    permission: needs.setTriggersDisabled,
    action: 'UPDATE',
    mutation: setDisabled,
    more: { disabled: true },
    isDanger: false,
    text: 'It starts no executions until it is enabled. Those that run go on.',
    doneTitle: 'Disabled',
    why: ({ disabled }) => (disabled ? 'It is disabled.' : undefined),
  },
  {
    name: 'unlock',
    title: 'Unlock',
    icon: 'key',
    permission: needs.unlockTriggers,
    action: 'UPDATE',
    mutation: unlock,
    more: {},
    isDanger: true,
    text: 'It is held by an execution or an evaluation. If that still runs, a second one can start.',
    doneTitle: 'Unlocked',
    why: ({ locked }) => (locked ? undefined : 'It is not locked.'),
  },
  {
    name: 'restart',
    title: 'Restart',
    icon: 'restart',
    permission: needs.restartTriggers,
    action: 'UPDATE',
    mutation: restart,
    more: {},
    isDanger: false,
    text: 'Its evaluation is revoked, and its next date is computed from now.',
    doneTitle: 'Restarted',
    why: () => undefined,
  },
  {
    name: 'reset',
    title: 'Reset',
    icon: 'undo',
    permission: needs.deleteTriggers,
    action: 'DELETE',
    mutation: reset,
    more: {},
    isDanger: true,
    text: 'Its state becomes that of a newly saved flow. Its last date and a backfill are lost.',
    doneTitle: 'Reset',
    why: () => undefined,
  },
];
