import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { SetKeyValueMutation } from '../../generated/SetKeyValueMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { SelectField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const set = graphql`
  mutation SetKeyValueMutation($input: SetKeyValueInput!) {
    setKeyValue(input: $input) {
      keyValue {
        id
      }
    }
  }
`;

const kinds = [
  { value: 'STRING', title: 'Text' },
  { value: 'NUMBER', title: 'Number' },
  { value: 'BOOLEAN', title: 'True or false' },
  { value: 'DATETIME', title: 'Date and time' },
  { value: 'DATE', title: 'Date' },
  { value: 'DURATION', title: 'Duration' },
  { value: 'JSON', title: 'JSON' },
] as const;
type Kind = (typeof kinds)[number]['value'];

const hints: Readonly<Partial<Record<string, string>>> = {
  BOOLEAN: 'true or false.',
  DATETIME: 'Such as 2026-01-31T12:00:00Z.',
  DATE: 'Such as 2026-01-31.',
  DURATION: 'Such as PT30M.',
};

export const shownValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What cannot be read as the type stays a text, which the gateway refuses with its reason. */
function typedValue(text: string, kind: string): unknown {
  if (!['NUMBER', 'BOOLEAN', 'JSON'].includes(kind)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export interface SetKeyValueProps {
  readonly tenant: string;
  readonly namespace: string;
  readonly known:
    | {
        readonly key: string;
        readonly kind: string;
        readonly value: unknown;
        readonly description: string | null | undefined;
      }
    | undefined;
  readonly close: () => void;
}

/** Creates or replaces a value. */
export function SetKeyValue({ tenant, namespace, known, close }: SetKeyValueProps) {
  const [kind, setKind] = useState<string>(known?.kind ?? 'STRING');
  const hint = hints[kind];
  return (
    <FormDialog<SetKeyValueMutation>
      title={known ? `Set ${known.key}` : 'Add a value'}
      mutation={set}
      submit="Save"
      inputOf={(values) => ({
        tenantKey: tenant,
        namespaceName: namespace,
        key: known?.key ?? values.text('key') ?? '',
        kind: kind as Kind,
        value: typedValue(values.text('value') ?? '', kind),
        description: values.text('description') ?? null,
        ...(values.text('expiresIn') !== undefined && { expiresIn: values.text('expiresIn') }),
      })}
      done={() => {
        close();
        toast('Value saved');
      }}
      close={close}
    >
      {!known && <TextField name="key" label="Key" autoFocus />}
      <SelectField name="kind" label="Type" value={kind} options={kinds} change={setKind} />
      <TextField
        name="value"
        label="Value"
        value={known ? shownValue(known.value) : ''}
        autoFocus={known !== undefined}
        {...(kind === 'JSON' && { rows: 6 })}
        {...(hint !== undefined && { hint })}
      />
      <TextField
        name="expiresIn"
        label="Expires in"
        isOptional
        hint="A duration, such as P7D. Without one, it stays."
      />
      <TextField name="description" label="Description" value={known?.description ?? ''} isOptional />
    </FormDialog>
  );
}
