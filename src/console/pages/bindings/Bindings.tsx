import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { BindingsQuery } from '../../generated/BindingsQuery.graphql.ts';
import type { BindingTable_bindings$key } from '../../generated/BindingTable_bindings.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BindDialog } from '../../ui/bindings/BindDialog.tsx';
import { type Binding, bindingsFragment, columnsOf, whoOf } from '../../ui/bindings/BindingTable.tsx';
import { UnbindDialog } from '../../ui/bindings/UnbindDialog.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { useTenant } from '../tenant.ts';

const query = graphql`
  query BindingsQuery($tenant: String!, $where: BindingWhere, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      bindings(where: $where, first: $first, after: $after, last: $last, before: $before) {
        ...BindingTable_bindings
      }
    }
  }
`;

/** The text of the search is a namespace: bindings in it and below. */
function useBindings({ where, ...asked }: Asked) {
  const { tenant } = useAnswer<BindingsQuery>(query, { ...asked, where: where && { under: where.text } });
  const bindings: BindingTable_bindings$key | null | undefined = tenant?.bindings;
  return useFragment(bindingsFragment, bindings);
}

export function Bindings() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/bindings' });
  const [isBinding, setIsBinding] = useState(false);
  const [removing, setRemoving] = useState<Chosen<Binding>>();
  const noClear = () => undefined;
  return (
    <>
      <ListPage
        title="Bindings"
        icon="link"
        search={search}
        isSearched
        searchLabel="Bindings in a namespace and below"
        actions={
          <ActionButton
            permission={needs.createBindings}
            icon="plus"
            className="primary"
            onPress={() => setIsBinding(true)}
          >
            Give a role
          </ActionButton>
        }
        columns={() =>
          columnsOf({
            tenant,
            hasSubject: true,
            hasRole: true,
            remove: (one) => setRemoving({ rows: [one], clear: noClear }),
          })
        }
        nameOf={(one) => `${one.role?.name ?? 'the role'} of ${whoOf(one)}`}
        bulk={(chosen) => (
          <ActionButton permission={needs.deleteBindings} className="danger" onPress={() => setRemoving(chosen)}>
            Remove…
          </ActionButton>
        )}
        purpose="A binding gives a role to a person, a group or a service account, in the tenant or below a namespace."
        useList={useBindings}
      />
      {isBinding && <BindDialog tenant={tenant} close={() => setIsBinding(false)} />}
      {removing && (
        <UnbindDialog
          tenant={tenant}
          bindings={removing.rows}
          close={() => {
            removing.clear();
            setRemoving(undefined);
          }}
        />
      )}
    </>
  );
}
