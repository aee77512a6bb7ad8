import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { CurrentBackfillDeleteMutation } from '../../generated/CurrentBackfillDeleteMutation.graphql.ts';
import type { CurrentBackfillPauseMutation } from '../../generated/CurrentBackfillPauseMutation.graphql.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import type { TriggerRow } from '../../ui/triggers/row.ts';

const pause = graphql`
  mutation CurrentBackfillPauseMutation($input: PauseBackfillInput!) {
    pauseBackfill(input: $input) {
      trigger {
        id
      }
    }
  }
`;
const resume = graphql`
  mutation CurrentBackfillResumeMutation($input: ResumeBackfillInput!) {
    resumeBackfill(input: $input) {
      trigger {
        id
      }
    }
  }
`;
const remove = graphql`
  mutation CurrentBackfillDeleteMutation($input: DeleteBackfillInput!) {
    deleteBackfill(input: $input) {
      trigger {
        id
      }
    }
  }
`;

/** The backfill that runs: how far it is. */
export function CurrentBackfill({ trigger }: { tenant: string; trigger: TriggerRow }) {
  const [open, setOpen] = useState<'pause' | 'delete'>();
  const close = () => setOpen(undefined);
  const { backfill, id, version, viewerPermissions } = trigger;
  if (!backfill) return null;
  const start = Date.parse(backfill.start);
  const done = (Date.parse(backfill.currentDate) - start) / Math.max(1, Date.parse(backfill.end) - start);
  const mayUpdate = viewerPermissions.includes('UPDATE');
  return (
    <section className="card tile" aria-label="Current backfill">
      <div className="section">
        <h2>{backfill.paused ? 'Backfill, paused' : 'Backfill'}</h2>
        <span className="grow" />
        <ActionButton
          permission={needs.pauseBackfill}
          isAllowed={mayUpdate}
          className="sm"
          icon={backfill.paused ? 'play' : 'pause'}
          onPress={() => setOpen('pause')}
        >
          {backfill.paused ? 'Resume…' : 'Pause…'}
        </ActionButton>
        <ActionButton
          permission={needs.deleteBackfill}
          isAllowed={mayUpdate}
          className="sm danger"
          onPress={() => setOpen('delete')}
        >
          Delete…
        </ActionButton>
      </div>
      <progress max={1} value={Math.min(1, Math.max(0, done))} aria-label="How far it is" />
      <span className="quiet">
        <Time at={backfill.start} /> to <Time at={backfill.end} />, next date <Time at={backfill.currentDate} />
      </span>
      {open === 'pause' && (
        <ConfirmDialog<CurrentBackfillPauseMutation>
          title={backfill.paused ? 'Resume the backfill' : 'Pause the backfill'}
          mutation={backfill.paused ? resume : pause}
          input={{ id, version }}
          submit={backfill.paused ? 'Resume' : 'Pause'}
          done={() => {
            close();
            toast(backfill.paused ? 'Backfill resumed' : 'Backfill paused');
          }}
          close={close}
        >
          <p>
            {backfill.paused
              ? 'It goes on at the date where it was paused.'
              : 'Until it is resumed, the trigger is due as without it.'}
          </p>
        </ConfirmDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<CurrentBackfillDeleteMutation>
          title="Delete the backfill"
          mutation={remove}
          input={{ id, version }}
          submit="Delete"
          isDanger
          done={() => {
            close();
            toast('Backfill deleted');
          }}
          close={close}
        >
          <p>Dates that it has not run yet are left out. Executions that it started go on.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
