import type { IconName } from '../../ui/drawings.tsx';
import { Icon } from '../../ui/Icon.tsx';

const states: Readonly<Record<string, { readonly title: string; readonly icon: IconName; readonly family: string }>> = {
  CREATED: { title: 'Starting', icon: 'st-created', family: 'idle' },
  RUNNING: { title: 'Running', icon: 'st-running', family: 'ok' },
  MAINTENANCE: { title: 'Maintenance', icon: 'st-paused', family: 'wait' },
  TERMINATING: { title: 'Stopping', icon: 'st-killing', family: 'stop' },
  TERMINATED_GRACEFULLY: { title: 'Stopped', icon: 'st-killed', family: 'stop' },
  TERMINATED_FORCED: { title: 'Killed', icon: 'st-failed', family: 'fail' },
  DISCONNECTED: { title: 'Disconnected', icon: 'st-warning', family: 'warn' },
  NOT_RUNNING: { title: 'Not running', icon: 'st-cancelled', family: 'stop' },
  INACTIVE: { title: 'Inactive', icon: 'st-skipped', family: 'idle' },
  ERROR: { title: 'Error', icon: 'st-failed', family: 'fail' },
};

export function ServiceState({ state }: { state: string }) {
  const { title, icon, family } = states[state] ?? { title: state, icon: 'why' as const, family: 'idle' };
  return (
    <span className={`state ${family}`}>
      <Icon name={icon} />
      {title}
    </span>
  );
}

/** True for a service that does not come back by itself. */
export const isOver = (state: string): boolean =>
  ['TERMINATED_GRACEFULLY', 'TERMINATED_FORCED', 'DISCONNECTED', 'NOT_RUNNING', 'INACTIVE', 'ERROR'].includes(state);

export const typeInWords = (type: string): string => type.slice(0, 1) + type.slice(1).toLowerCase();
