import { useNavigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { RunDialogMutation } from '../../generated/RunDialogMutation.graphql.ts';
import { FormDialog } from '../FormDialog.tsx';
import { TextField } from '../fields.tsx';
import { declaredInputs } from '../inputs/declared.ts';
import { InputFields, inputsFrom } from '../inputs/InputFields.tsx';
import { toast } from '../toast.ts';
import { labelsOf } from './labels.ts';

const run = graphql`
  mutation RunDialogMutation($input: CreateExecutionInput!) {
    createExecution(input: $input) {
      execution {
        id
        executionId
      }
    }
  }
`;

export interface RunDialogProps {
  readonly tenant: string;
  readonly flow: { readonly flowId: string; readonly namespaceName: string; readonly inputs: unknown };
  /** What follows. Without it, the page of the execution is opened. */
  readonly started?: (executionId: string) => void;
  readonly close: () => void;
}

/** Starts an execution, with a field for each input that the flow declares. */
export function RunDialog({ tenant, flow, started, close }: RunDialogProps) {
  const navigate = useNavigate();
  const inputs = declaredInputs(flow.inputs);
  return (
    <FormDialog<RunDialogMutation>
      title={`Run ${flow.flowId}`}
      mutation={run}
      submit="Run"
      inputOf={(values) => ({
        tenantKey: tenant,
        namespaceName: flow.namespaceName,
        flowId: flow.flowId,
        ...(inputs.length > 0 && { inputs: inputsFrom(inputs, values) }),
        ...(values.text('labels') !== undefined && { labels: labelsOf(values.text('labels')) }),
      })}
      done={({ createExecution }) => {
        close();
        const execution = createExecution?.execution?.executionId;
        toast('Execution started', execution ?? undefined);
        if (execution == null) return;
        if (started) started(execution);
        else
          void navigate({
            to: '/t/$tenant/executions/$execution',
            params: { tenant, execution },
            search: { tab: 'gantt' },
          });
      }}
      close={close}
    >
      {inputs.length === 0 && <p className="quiet">This flow declares no inputs.</p>}
      <InputFields inputs={inputs} />
      <TextField name="labels" label="Labels" isOptional hint="Each as key:value, with commas between them." />
    </FormDialog>
  );
}
