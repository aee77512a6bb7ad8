import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { SecretsDeleteMutation } from '../../generated/SecretsDeleteMutation.graphql.ts';
import type { SecretsPutMutation } from '../../generated/SecretsPutMutation.graphql.ts';
import type { SecretsQuery } from '../../generated/SecretsQuery.graphql.ts';
import type { SecretsUpdateMutation } from '../../generated/SecretsUpdateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import type { NamespacePart } from './Namespace.tsx';

const query = graphql`
  query SecretsQuery($tenant: String!, $name: String!, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      namespace(name: $name) {
        secrets(first: $first, after: $after, last: $last, before: $before) {
          nodes {
            id
            key
            description
            updatedAt
            viewerPermissions
          }
          pageInfo {
            ...DataTable_pageInfo
          }
        }
        inheritedSecrets {
          key
          namespaceName
        }
        externalSecrets {
          key
          namespaceName
          backend
        }
      }
    }
  }
`;

const put = graphql`
  mutation SecretsPutMutation($input: PutSecretInput!) {
    putSecret(input: $input) {
      secret {
        id
      }
    }
  }
`;
const update = graphql`
  mutation SecretsUpdateMutation($input: UpdateSecretInput!) {
    updateSecret(input: $input) {
      secret {
        id
      }
    }
  }
`;
const remove = graphql`
  mutation SecretsDeleteMutation($input: DeleteSecretInput!) {
    deleteSecret(input: $input) {
      deletedId
    }
  }
`;

interface Secret {
  readonly id: string;
  readonly key: string;
  readonly description: string | null | undefined;
}

/** Names of secrets. Their values can be set, and are never shown. */
export function Secrets({ tenant: key, namespace, why }: NamespacePart) {
  const search = useSearch({ from: '/t/$tenant/namespaces/$namespace' });
  const { tenant } = useAnswer<SecretsQuery>(query, { tenant: key, name: namespace.name, ...pageOf(search) });
  const [editing, setEditing] = useState<Secret | 'new'>();
  const [removing, setRemoving] = useState<Secret>();
  const close = () => setEditing(undefined);
  const found = tenant?.namespace?.secrets;
  if (!found) return <Empty icon="key" title="You do not have permission to see secrets" />;
  const inherited = (tenant?.namespace?.inheritedSecrets ?? []).filter(
    ({ namespaceName }) => namespaceName !== namespace.name,
  );
  const external = tenant?.namespace?.externalSecrets ?? [];
  const add = (
    <ActionButton
      permission={needs.putSecret}
      why={why}
      icon="plus"
      className="sm primary"
      onPress={() => setEditing('new')}
    >
      Add a secret
    </ActionButton>
  );
  const value = (
    <TextField
      name="value"
      label="Value"
      type="password"
      hint="It is encrypted, and never shown again."
      autoComplete="new-password"
    />
  );
  return (
    <>
      {found.nodes.length > 0 && <div className="tools">{add}</div>}
      <DataTable
        caption="Secrets"
        rows={found.nodes}
        keyOf={({ id }) => id}
        pageInfo={found.pageInfo}
        empty={{
          icon: 'key',
          title: 'No secrets here',
          text: (
            <>
              <p>
                Passwords and keys that flows read as <code>{"{{ secret('NAME') }}"}</code>. Namespaces below inherit
                them.
              </p>
              {add}
            </>
          ),
        }}
        columns={[
          { title: 'Name', className: 'main-cell', cell: (one) => <code>{one.key}</code> },
          { title: 'Description', className: 'fluid p2', cell: ({ description }) => description },
          { title: 'Set', className: 'p2', cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
          {
            title: 'Actions',
            className: 'end',
            cell: (one) => (
              <span className="row acts">
                <ActionButton
                  permission={needs.updateSecret}
                  isAllowed={one.viewerPermissions.includes('UPDATE')}
                  className="sm"
                  label={`Set ${one.key}`}
                  onPress={() => setEditing(one)}
                >
                  Set…
                </ActionButton>
                <ActionButton
                  permission={needs.deleteSecret}
                  isAllowed={one.viewerPermissions.includes('DELETE')}
                  className="sm danger"
                  icon="x"
                  label={`Delete ${one.key}`}
                  onPress={() => setRemoving(one)}
                />
              </span>
            ),
          },
        ]}
      />
      {inherited.length > 0 && (
        <div className="body">
          <div className="section">
            <h2>Inherited</h2>
            <span className="count">{inherited.length}</span>
          </div>
          <ul className="card list">
            {inherited.map((one) => (
              <li key={one.key}>
                <code className="grow cut">{one.key}</code>
                <span className="quiet">from {one.namespaceName}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {external.length > 0 && (
        <div className="body">
          <div className="section">
            <h2>In other backends</h2>
            <span className="count">{external.length}</span>
          </div>
          <ul className="card list">
            {external.map((one) => (
              <li key={`${one.backend} ${one.key}`}>
                <code className="grow cut">{one.key}</code>
                <span className="quiet">
                  {one.backend}, {one.namespaceName}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {editing === 'new' && (
        <FormDialog<SecretsPutMutation>
          title="Add a secret"
          mutation={put}
          submit="Add"
          inputOf={(values) => ({
            tenantKey: key,
            namespaceName: namespace.name,
            key: values.text('key') ?? '',
            value: values.secret('value'),
            ...(values.text('description') !== undefined && { description: values.text('description') }),
          })}
          done={() => {
            close();
            toast('Secret added');
          }}
          close={close}
        >
          <TextField name="key" label="Name" hint="Such as DB_PASSWORD." autoFocus />
          {value}
          <TextField name="description" label="Description" isOptional />
        </FormDialog>
      )}
      {editing && editing !== 'new' && (
        <FormDialog<SecretsUpdateMutation>
          title={`Set ${editing.key}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            id: editing.id,
            description: values.text('description') ?? null,
            ...(values.secret('value') !== '' && { value: values.secret('value') }),
          })}
          done={() => {
            close();
            toast('Secret saved');
          }}
          close={close}
        >
          <TextField
            name="value"
            label="New value"
            type="password"
            isOptional
            hint="Leave it empty to keep the value."
            autoComplete="new-password"
            autoFocus
          />
          <TextField name="description" label="Description" value={editing.description ?? ''} isOptional />
        </FormDialog>
      )}
      {removing && (
        <ConfirmDialog<SecretsDeleteMutation>
          title={`Delete the secret ${removing.key}`}
          mutation={remove}
          input={{ id: removing.id }}
          submit="Delete"
          isDanger
          done={() => {
            setRemoving(undefined);
            toast('Secret deleted');
          }}
          close={() => setRemoving(undefined)}
        >
          <p>Its value cannot be restored. If a namespace above sets it, that one is in effect again.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
