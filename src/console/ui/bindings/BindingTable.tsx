import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type {
  BindingTable_bindings$data,
  BindingTable_bindings$key,
} from '../../generated/BindingTable_bindings.graphql.ts';
import { type Column, DataTable } from '../DataTable.tsx';
import { Empty } from '../Empty.tsx';
import { Subject } from '../Subject.tsx';
import { Time } from '../Time.tsx';
import { BindDialog } from './BindDialog.tsx';
import { UnbindDialog } from './UnbindDialog.tsx';

export const bindingsFragment = graphql`
  fragment BindingTable_bindings on BindingConnection {
    nodes {
      id
      namespaceName
      createdAt
      viewerPermissions
      role {
        id
        name
      }
      subject {
        __typename
        ... on User {
          id
          username
        }
        ... on Group {
          id
          groupName: name
        }
        ... on ServiceAccount {
          id
          accountName: name
        }
        ...Subject_subject
      }
    }
    pageInfo {
      ...DataTable_pageInfo
    }
  }
`;

export type Binding = BindingTable_bindings$data['nodes'][number];

export interface BindingTableProps {
  readonly tenant: string;
  readonly bindings: BindingTable_bindings$key | null | undefined;
  /** If all are of one subject, or of one role, that one. */
  readonly subject?: { readonly id: string; readonly title: string };
  readonly role?: { readonly id: string; readonly title: string };
  /** The namespace in which a new binding is offered. */
  readonly place?: string;
  readonly purpose: string;
}

const unseen = 'an account hidden from you';

export function whoOf({ subject }: Binding): string {
  if (subject?.__typename === 'User') return subject.username ?? unseen;
  if (subject?.__typename === 'Group') return subject.groupName ?? unseen;
  if (subject?.__typename === 'ServiceAccount') return subject.accountName ?? unseen;
  return unseen;
}

export const placeOf = ({ namespaceName }: { readonly namespaceName?: string | null | undefined }): string =>
  namespaceName == null ? 'the whole tenant' : `${namespaceName} and below`;

/** Bindings of one subject or of one role, with acts on them. */
export function BindingTable({ tenant, bindings: key, subject, role, place, purpose }: BindingTableProps) {
  const bindings = useFragment(bindingsFragment, key);
  const [isBinding, setIsBinding] = useState(false);
  const [removing, setRemoving] = useState<readonly Binding[]>();
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  if (!bindings) return <Empty icon="link" title="You do not have permission to see bindings" />;
  const picked = bindings.nodes.filter(({ id }) => chosen.has(id));
  const add = (
    <ActionButton permission={needs.createBindings} icon="plus" className="primary" onPress={() => setIsBinding(true)}>
      {role ? 'Give this role' : 'Give a role'}
    </ActionButton>
  );
  return (
    <>
      {bindings.nodes.length > 0 && <div className="tools">{add}</div>}
      <DataTable
        caption="Bindings"
        columns={columnsOf({ tenant, hasSubject: !subject, hasRole: !role, remove: (one) => setRemoving([one]) })}
        rows={bindings.nodes}
        keyOf={({ id }) => id}
        nameOf={(one) => `${one.role?.name ?? 'the role'} of ${whoOf(one)}`}
        pageInfo={bindings.pageInfo}
        selection={{ chosen, choose }}
        empty={{
          icon: 'link',
          title: 'No bindings yet',
          text: (
            <>
              <p>{purpose}</p>
              {add}
            </>
          ),
        }}
      />
      {picked.length > 0 && (
        <section className="bulk" aria-label="Chosen rows">
          <span className="strong">{picked.length} chosen</span>
          <ActionButton permission={needs.deleteBindings} className="danger" onPress={() => setRemoving(picked)}>
            Remove…
          </ActionButton>
          <button type="button" className="btn plain" onClick={() => choose(new Set())}>
            Clear
          </button>
        </section>
      )}
      {isBinding && (
        <BindDialog tenant={tenant} subject={subject} role={role} place={place} close={() => setIsBinding(false)} />
      )}
      {removing && (
        <UnbindDialog
          tenant={tenant}
          bindings={removing}
          close={() => {
            choose(new Set());
            setRemoving(undefined);
          }}
        />
      )}
    </>
  );
}

interface ColumnOptions {
  readonly tenant: string;
  readonly hasSubject: boolean;
  readonly hasRole: boolean;
  readonly remove: (binding: Binding) => void;
}

export const columnsOf = ({ tenant, hasSubject, hasRole, remove }: ColumnOptions): readonly Column<Binding>[] => [
  ...(hasSubject
    ? [
        {
          title: 'Who',
          className: 'main-cell',
          cell: ({ id, subject }: Binding) => (
            <Link to="/t/$tenant/bindings/$binding" params={{ tenant, binding: id }}>
              <Subject subject={subject} />
            </Link>
          ),
        },
      ]
    : []),
  ...(hasRole
    ? [
        {
          title: 'Role',
          className: hasSubject ? '' : 'main-cell',
          cell: ({ role }: Binding) =>
            role ? (
              <Link to="/t/$tenant/roles/$role" params={{ tenant, role: role.id }}>
                {role.name}
              </Link>
            ) : (
              <span className="quiet">hidden from you</span>
            ),
        },
      ]
    : []),
  {
    title: 'Where',
    className: 'fluid p2',
    cell: (one) => (one.namespaceName == null ? 'the whole tenant' : <code>{placeOf(one)}</code>),
  },
  { title: 'Since', className: 'p3', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    title: 'Actions',
    className: 'end',
    cell: (one) => (
      <ActionButton
        permission={needs.deleteBindings}
        isAllowed={one.viewerPermissions.includes('DELETE')}
        className="sm danger"
        icon="x"
        label={`Remove ${one.role?.name ?? 'the role'} of ${whoOf(one)}`}
        onPress={() => remove(one)}
      >
        <span className="p2">Remove</span>
      </ActionButton>
    ),
  },
];
