import { graphql } from 'react-relay/hooks';
import type { CreateNamespaceMutation } from '../../generated/CreateNamespaceMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const create = graphql`
  mutation CreateNamespaceMutation($input: CreateNamespaceInput!) {
    createNamespace(input: $input) {
      namespace {
        id
        name
      }
    }
  }
`;

export interface CreateNamespaceProps {
  readonly tenant: string;
  /** The name of an implied namespace, which is kept. */
  readonly name?: string;
  readonly done: (name: string) => void;
  readonly close: () => void;
}

/** Creates a namespace, so that it can be configured. */
export function CreateNamespace({ tenant, name, done, close }: CreateNamespaceProps) {
  return (
    <FormDialog<CreateNamespaceMutation>
      title={name === undefined ? 'Create a namespace' : `Create ${name}`}
      mutation={create}
      submit="Create"
      inputOf={(values) => ({
        tenantKey: tenant,
        name: name ?? values.text('name') ?? '',
        ...(values.text('description') !== undefined && { description: values.text('description') }),
      })}
      done={({ createNamespace }) => {
        close();
        toast('Namespace created');
        const created = createNamespace?.namespace?.name;
        if (created != null) done(created);
      }}
      close={close}
    >
      {name === undefined && (
        <TextField name="name" label="Name" hint="Its parts are joined by dots, such as company.data." autoFocus />
      )}
      <TextField name="description" label="Description" isOptional autoFocus={name !== undefined} />
    </FormDialog>
  );
}
