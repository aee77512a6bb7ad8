import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { NamespaceAccessQuery } from '../../generated/NamespaceAccessQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BindingTable } from '../../ui/bindings/BindingTable.tsx';
import { pageOf } from '../../ui/DataTable.tsx';
import { Icon } from '../../ui/Icon.tsx';
import type { NamespacePart } from './Namespace.tsx';

const query = graphql`
  query NamespaceAccessQuery(
    $tenant: String!
    $name: String!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      bindings(where: { reaching: $name }, first: $first, after: $after, last: $last, before: $before) {
        ...BindingTable_bindings
      }
    }
  }
`;

/** Who has a role here: by a binding of this namespace, of one above it, or of the whole tenant. */
export function NamespaceAccess({ tenant: key, namespace: { name } }: NamespacePart) {
  const search = useSearch({ from: '/t/$tenant/namespaces/$namespace' });
  const { tenant } = useAnswer<NamespaceAccessQuery>(query, { tenant: key, name, ...pageOf(search) });
  return (
    <>
      <div className="body slim">
        <p className="second">
          Bindings with effect in {name}: its own, those of namespaces above it, and those of the whole tenant.{' '}
          <Link to="/t/$tenant/access-explorer" params={{ tenant: key }} search={{ namespace: name }}>
            <Icon name="why" /> Ask who can do something here
          </Link>
        </p>
      </div>
      <BindingTable
        tenant={key}
        bindings={tenant?.bindings}
        place={name}
        purpose="Give a user, a group or a service account a role in this namespace and below."
      />
    </>
  );
}
