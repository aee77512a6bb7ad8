import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { KeyValuesDeleteMutation } from '../../generated/KeyValuesDeleteMutation.graphql.ts';
import type { KeyValuesQuery } from '../../generated/KeyValuesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import type { NamespacePart } from './Namespace.tsx';
import { SetKeyValue, shownValue } from './SetKeyValue.tsx';

const query = graphql`
  query KeyValuesQuery($tenant: String!, $name: String!, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      namespace(name: $name) {
        keyValues(first: $first, after: $after, last: $last, before: $before) {
          nodes {
            id
            key
            kind
            value
            description
            expiresAt
            updatedAt
            viewerPermissions
          }
          pageInfo {
            ...DataTable_pageInfo
          }
        }
        inheritedKeyValues {
          id
          key
          kind
          value
          namespaceName
        }
      }
    }
  }
`;

const remove = graphql`
  mutation KeyValuesDeleteMutation($input: DeleteKeyValueInput!) {
    deleteKeyValue(input: $input) {
      deletedId
    }
  }
`;

type Found = NonNullable<
  NonNullable<NonNullable<KeyValuesQuery['response']['tenant']>['namespace']>['keyValues']
>['nodes'][number];

/** Values that flows read and write. */
export function KeyValues({ tenant: key, namespace, why }: NamespacePart) {
  const search = useSearch({ from: '/t/$tenant/namespaces/$namespace' });
  const { tenant } = useAnswer<KeyValuesQuery>(query, { tenant: key, name: namespace.name, ...pageOf(search) });
  const [editing, setEditing] = useState<Found | 'new'>();
  const [removing, setRemoving] = useState<Found>();
  const found = tenant?.namespace?.keyValues;
  if (!found) return <Empty icon="ns" title="You do not have permission to see the key-value store" />;
  const inherited = (tenant?.namespace?.inheritedKeyValues ?? []).filter(
    ({ namespaceName }) => namespaceName !== namespace.name,
  );
  const add = (
    <ActionButton
      permission={needs.setKeyValue}
      why={why}
      icon="plus"
      className="sm primary"
      onPress={() => setEditing('new')}
    >
      Add a value
    </ActionButton>
  );
  return (
    <>
      {found.nodes.length > 0 && <div className="tools">{add}</div>}
      <DataTable
        caption="Key-value pairs"
        rows={found.nodes}
        keyOf={({ id }) => id}
        pageInfo={found.pageInfo}
        empty={{
          icon: 'ns',
          title: 'No values here',
          text: (
            <>
              <p>
                What flows keep between executions, such as the last row that they read. They read one as{' '}
                <code>{"{{ kv('KEY') }}"}</code>.
              </p>
              {add}
            </>
          ),
        }}
        columns={[
          {
            title: 'Key',
            className: 'main-cell',
            cell: ({ key: name, description }) => (
              <>
                {name}
                {description && <span className="sub">{description}</span>}
              </>
            ),
          },
          { title: 'Type', className: 'p2', cell: ({ kind }) => <span className="badge">{kind.toLowerCase()}</span> },
          { title: 'Value', className: 'fluid', cell: ({ value }) => <code>{shownValue(value)}</code> },
          {
            title: 'Expires',
            className: 'p2',
            cell: ({ expiresAt }) => (expiresAt ? <Ago at={expiresAt} /> : <span className="quiet">never</span>),
          },
          { title: 'Set', className: 'p3', cell: ({ updatedAt }) => <Ago at={updatedAt} /> },
          {
            title: 'Actions',
            className: 'end',
            cell: (one) => (
              <span className="row acts">
                <ActionButton
                  permission={needs.setKeyValue}
                  why={one.viewerPermissions.includes('UPDATE') ? undefined : 'It needs KVSTORE:UPDATE.'}
                  className="sm"
                  label={`Set ${one.key}`}
                  onPress={() => setEditing(one)}
                >
                  Set…
                </ActionButton>
                <ActionButton
                  permission={needs.deleteKeyValue}
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
              <li key={one.id}>
                <b>{one.key}</b>
                <code className="grow cut">{shownValue(one.value)}</code>
                <span className="quiet">from {one.namespaceName}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {editing && (
        <SetKeyValue
          tenant={key}
          namespace={namespace.name}
          known={editing === 'new' ? undefined : editing}
          close={() => setEditing(undefined)}
        />
      )}
      {removing && (
        <ConfirmDialog<KeyValuesDeleteMutation>
          title={`Delete ${removing.key}`}
          mutation={remove}
          input={{ id: removing.id }}
          submit="Delete"
          isDanger
          done={() => {
            setRemoving(undefined);
            toast('Value deleted');
          }}
          close={() => setRemoving(undefined)}
        >
          <p>If a namespace above sets it, that value is in effect again.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
