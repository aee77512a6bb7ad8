import { Icon } from '../Icon.tsx';
import { Ago } from '../Time.tsx';
import type { TriggerRow } from './row.ts';
import { whyOff } from './words.ts';

/** Whether a trigger is on; if not, why, by whom and since when. */
export function TriggerState({ trigger }: { trigger: TriggerRow }) {
  const why = whyOff(trigger);
  return (
    <>
      {why === undefined ? (
        <span className="state ok">
          <Icon name="st-success" />
          On
        </span>
      ) : (
        <span className="state stop">
          <Icon name="st-cancelled" />
          Off
        </span>
      )}{' '}
      {trigger.locked && (
        <span className="badge run" title={trigger.executionId ? `By execution ${trigger.executionId}` : 'By a worker'}>
          Locked
        </span>
      )}{' '}
      {trigger.backfill && (
        <span className="badge accent">{trigger.backfill.paused ? 'Backfill paused' : 'Backfill'}</span>
      )}
      {why !== undefined && (
        <span className="sub state-why">
          {why}
          {trigger.disabled && (
            <>
              , <Ago at={trigger.stateAt} />
            </>
          )}
        </span>
      )}
    </>
  );
}
