import { graphql } from 'react-relay/hooks';
import type { EditBlueprintMutation } from '../../generated/EditBlueprintMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const save = graphql`
  mutation EditBlueprintMutation($input: SaveBlueprintInput!) {
    saveBlueprint(input: $input) {
      blueprint {
        id
      }
    }
  }
`;

export interface EditBlueprintProps {
  readonly tenant: string;
  /** Undefined for a new one. */
  readonly known?: {
    readonly id: string;
    readonly title: string;
    readonly description?: string | null | undefined;
    readonly documentation?: string | null | undefined;
    readonly source: string;
    readonly tags: readonly string[];
    readonly shared?: boolean | undefined;
  };
  readonly done?: (id: string) => void;
  readonly close: () => void;
}

/** Creates or changes a custom blueprint. */
export function EditBlueprint({ tenant, known, done, close }: EditBlueprintProps) {
  return (
    <FormDialog<EditBlueprintMutation>
      title={known ? `Edit ${known.title}` : 'Create a blueprint'}
      isWide
      mutation={save}
      submit="Save"
      inputOf={(values) => ({
        tenantKey: tenant,
        ...(known && { id: known.id }),
        title: values.text('title') ?? '',
        description: values.text('description') ?? null,
        documentation: values.text('documentation') ?? null,
        source: values.secret('source'),
        shared: values.isOn('shared'),
        tags: (values.text('tags') ?? '')
          .split(',')
          .map((tag) => tag.trim())
          .filter(Boolean),
      })}
      done={({ saveBlueprint }) => {
        close();
        toast('Blueprint saved');
        const id = saveBlueprint?.blueprint?.id;
        if (id != null) done?.(id);
      }}
      close={close}
    >
      <TextField name="title" label="Title" value={known?.title} autoFocus />
      <TextField name="description" label="Description" value={known?.description ?? ''} isOptional />
      <TextField name="source" label="Source, as YAML" rows={12} value={known?.source} isCode />
      <TextField
        name="documentation"
        label="Documentation, as Markdown"
        rows={4}
        value={known?.documentation ?? ''}
        isOptional
      />
      <TextField name="tags" label="Tags" value={known?.tags.join(', ')} isOptional hint="With commas between them." />
      <CheckField
        name="shared"
        label="Shared"
        isChecked={known?.shared}
        hint="Accounts that can create flows in a namespace can read and use it."
      />
    </FormDialog>
  );
}
