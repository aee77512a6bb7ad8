import { Icon } from './Icon.tsx';
import { isEnded, lookOf } from './state.ts';

/** A state of an execution or a task run: shape, colour and word. */
export function StateBadge({ state, isShort = false }: { state: string; isShort?: boolean }) {
  const { title, icon, family } = lookOf(state);
  const isMoving = family === 'run' && !isEnded(state);
  return (
    <span className={`state ${family}`}>
      <Icon name={icon} className={isMoving && state === 'RUNNING' ? 'spin' : ''} />
      {isShort ? <span className="sr">{title}</span> : title}
    </span>
  );
}
