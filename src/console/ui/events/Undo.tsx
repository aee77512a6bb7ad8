import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { UndoMutation } from '../../generated/UndoMutation.graphql.ts';
import { ConfirmDialog } from '../ConfirmDialog.tsx';
import { Icon } from '../Icon.tsx';
import { toast } from '../toast.ts';

const undo = graphql`
  mutation UndoMutation($input: UndoChangeInput!) {
    undoChange(input: $input) {
      eventIds
      impact {
        ...Impact_impact
      }
    }
  }
`;

/** Undoes the change of an event, after its dry run. */
export function Undo({ event, what }: { event: string; what: string }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn" onClick={() => setIsOpen(true)}>
        <Icon name="undo" />
        Undo…
      </button>
      {isOpen && (
        <ConfirmDialog<UndoMutation>
          title={`Undo ${what}`}
          mutation={undo}
          input={{ event }}
          impactOf={(answer) => answer.undoChange?.impact}
          submit="Undo this change"
          done={() => {
            setIsOpen(false);
            toast('Change undone');
          }}
          close={() => setIsOpen(false)}
        >
          <p>The object gets back what this change replaced. The undo is an event of its own.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
