import { Icon } from './Icon.tsx';
import { lookOf } from './state.ts';

export interface StateBadgeProps {
  readonly state: string;
  /** True if the word is only for screen readers. */
  readonly isShort?: boolean;
  /** True for a state that is over. */
  readonly isPast?: boolean;
}

/** A state of an execution or a task run: shape, colour and word. */
export function StateBadge({ state, isShort = false, isPast = false }: StateBadgeProps) {
  const { title, icon, family } = lookOf(state);
  return (
    <span className={`state ${family}`}>
      <Icon name={icon} className={state === 'RUNNING' && !isPast ? 'spin' : ''} />
      {isShort ? <span className="sr">{title}</span> : title}
    </span>
  );
}
