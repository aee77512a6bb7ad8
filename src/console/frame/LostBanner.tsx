import { useIsLost } from '../relay/connection.ts';
import { Icon } from '../ui/Icon.tsx';

/** Says that the gateway does not answer, until it does. */
export function LostBanner() {
  const isLost = useIsLost();
  return (
    <div className={isLost ? 'lost' : ''} role="status">
      {isLost && (
        <>
          <Icon name="alert" />
          <span>The gateway does not answer. What you typed stays here. Trying again…</span>
        </>
      )}
    </div>
  );
}
