import { Dialog } from '../../../ui/Dialog.tsx';

export interface LeaveDialogProps {
  readonly stay: () => void;
  readonly leave: () => void;
  readonly discard: () => void;
}

/** Asks before one leaves a draft. */
export function LeaveDialog({ stay, leave, discard }: LeaveDialogProps) {
  return (
    <Dialog title="The flow is not saved" close={stay}>
      <p>Your draft stays here until you close this browser tab.</p>
      <div className="row form-foot">
        <button type="button" className="btn primary" onClick={stay}>
          Keep editing
        </button>
        <button type="button" className="btn" onClick={leave}>
          Leave, keep the draft
        </button>
        <button type="button" className="btn danger" onClick={discard}>
          Discard it
        </button>
      </div>
    </Dialog>
  );
}
