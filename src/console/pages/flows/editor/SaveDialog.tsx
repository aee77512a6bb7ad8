import { graphql } from 'react-relay/hooks';
import type { SaveDialogMutation } from '../../../generated/SaveDialogMutation.graphql.ts';
import { FormDialog } from '../../../ui/FormDialog.tsx';
import { toast } from '../../../ui/toast.ts';
import type { Saved } from './FlowEditor.tsx';

const save = graphql`
  mutation SaveDialogMutation($input: SaveFlowInput!) {
    saveFlow(input: $input) {
      outcome
      flow {
        id
        namespaceName
        flowId
        revision
      }
    }
  }
`;

export interface SaveDialogProps {
  readonly tenant: string;
  readonly source: string;
  readonly saved: Saved | undefined;
  /** The revision that the text is based on. */
  readonly base: number;
  readonly done: (flow: { readonly namespaceName: string; readonly flowId: string }) => void;
  readonly close: () => void;
}

/** Saves the next revision. It fails if another account saved one meanwhile. */
export function SaveDialog({ tenant, source, saved, base, done, close }: SaveDialogProps) {
  return (
    <FormDialog<SaveDialogMutation>
      title={saved ? `Save revision ${saved.revision + 1}` : 'Create the flow'}
      mutation={save}
      submit={saved ? 'Save' : 'Create'}
      inputOf={() => ({ tenantKey: tenant, source, expectedRevision: base })}
      done={({ saveFlow }) => {
        const flow = saveFlow?.flow;
        if (!flow) return close();
        toast(saved ? `Revision ${flow.revision} saved` : `Flow ${flow.flowId} created`);
        done(flow);
      }}
      close={close}
    />
  );
}
