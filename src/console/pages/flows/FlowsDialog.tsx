import { graphql } from 'react-relay/hooks';
import { type ItemResult, ManyDialog } from '../../ui/ManyDialog.tsx';

const setDisabled = graphql`
  mutation FlowsDialogDisableMutation($input: SetFlowsDisabledInput!) {
    outcome: setFlowsDisabled(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;

const remove = graphql`
  mutation FlowsDialogDeleteMutation($input: DeleteFlowsInput!) {
    outcome: deleteFlows(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;

export type FlowsAct = 'enable' | 'disable' | 'delete';

interface Acted {
  readonly variables: { readonly input: object };
  readonly response: { readonly outcome: { readonly results: readonly ItemResult[] } | null | undefined };
}

export interface FlowsDialogProps {
  readonly tenant: string;
  readonly act: FlowsAct;
  readonly flows: readonly { readonly id: string; readonly namespaceName: string; readonly flowId: string }[];
  readonly done: () => void;
  readonly close: () => void;
}

const words = {
  enable: { title: 'Enable', text: 'Their triggers start executions again, as far as they are enabled themselves.' },
  disable: { title: 'Disable', text: 'They start no executions until they are enabled. Those that run go on.' },
  delete: { title: 'Delete', text: 'Executions and revisions are kept. The state of the triggers is deleted.' },
} as const;

/** One act on many flows. */
export function FlowsDialog({ tenant, act, flows, done, close }: FlowsDialogProps) {
  const { title, text } = words[act];
  const count = flows.length === 1 ? 'a flow' : `${flows.length} flows`;
  return (
    <ManyDialog<Acted>
      title={`${title} ${count}`}
      names={flows.map(({ namespaceName, flowId }) => `${namespaceName}/${flowId}`)}
      mutation={act === 'delete' ? remove : setDisabled}
      inputOf={() => ({
        tenantKey: tenant,
        ids: flows.map(({ id }) => id),
        ...(act !== 'delete' && { disabled: act === 'disable' }),
      })}
      resultsOf={({ outcome }) => outcome?.results}
      submit={title}
      isDanger={act === 'delete'}
      doneTitle={`${title}d ${count}`}
      done={done}
      close={close}
    >
      <p>{text}</p>
    </ManyDialog>
  );
}
