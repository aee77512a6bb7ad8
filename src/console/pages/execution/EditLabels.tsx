import { graphql } from 'react-relay/hooks';
import type { EditLabelsMutation } from '../../generated/EditLabelsMutation.graphql.ts';
import { labelsOf, labelTexts } from '../../ui/executions/labels.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import type { ShownExecution } from './Execution.tsx';

const save = graphql`
  mutation EditLabelsMutation($input: SetExecutionLabelsInput!) {
    setExecutionLabels(input: $input) {
      execution {
        id
      }
    }
  }
`;

/** Labels that only the orchestrator sets are not offered. */
export function EditLabels({ execution, close }: { execution: ShownExecution; close: () => void }) {
  const own = labelTexts(execution.labels).filter((text) => !text.startsWith('system.'));
  return (
    <FormDialog<EditLabelsMutation>
      title="Edit the labels"
      mutation={save}
      submit="Save"
      inputOf={(values) => ({ id: execution.id, labels: labelsOf(values.text('labels')) })}
      done={() => {
        toast('Labels: requested', 'They change when the engine has set them.');
        close();
      }}
      close={close}
    >
      <TextField
        name="labels"
        label="Labels"
        rows={Math.max(3, own.length + 1)}
        value={own.join('\n')}
        isOptional
        hint="One on each line, as key:value."
        autoFocus
      />
    </FormDialog>
  );
}
