import { graphql } from 'react-relay/hooks';
import type { choicesGroupsQuery } from '../generated/choicesGroupsQuery.graphql.ts';
import type { choicesNamespacesQuery } from '../generated/choicesNamespacesQuery.graphql.ts';
import type { choicesRolesQuery } from '../generated/choicesRolesQuery.graphql.ts';
import type { choicesSubjectsQuery } from '../generated/choicesSubjectsQuery.graphql.ts';
import { useAnswer } from '../relay/query.ts';
import { choiceField, type UseOptions } from './ChoiceField.tsx';

const rolesQuery = graphql`
  query choicesRolesQuery($tenant: String!, $where: RoleWhere) {
    tenant(key: $tenant) {
      roles(first: 20, where: $where) {
        nodes {
          id
          name
          description
        }
      }
    }
  }
`;

const groupsQuery = graphql`
  query choicesGroupsQuery($tenant: String!, $where: GroupWhere) {
    tenant(key: $tenant) {
      groups(first: 20, where: $where) {
        nodes {
          id
          name
          description
        }
      }
    }
  }
`;

const namespacesQuery = graphql`
  query choicesNamespacesQuery($tenant: String!, $where: NamespaceWhere) {
    tenant(key: $tenant) {
      namespaces(first: 30, where: $where) {
        nodes {
          name
        }
      }
    }
  }
`;

const subjectsQuery = graphql`
  query choicesSubjectsQuery(
    $tenant: String!
    $user: UserWhere
    $account: ServiceAccountWhere
    $group: GroupWhere
    $hasGroups: Boolean!
  ) {
    tenant(key: $tenant) {
      users(first: 15, where: $user) {
        nodes {
          id
          username
        }
      }
      serviceAccounts(first: 15, where: $account) {
        nodes {
          id
          name
        }
      }
      groups(first: 15, where: $group) @include(if: $hasGroups) {
        nodes {
          id
          name
        }
      }
    }
  }
`;

const whereOf = (text: string) => (text === '' ? null : { text });

interface Described {
  readonly id: string;
  readonly name: string;
  readonly description: string | null | undefined;
}
const optionOf = ({ id, name, description }: Described) => ({
  id,
  title: name,
  ...(description && { detail: description }),
});

const useRoles: UseOptions = (tenant, text) =>
  (useAnswer<choicesRolesQuery>(rolesQuery, { tenant, where: whereOf(text) }).tenant?.roles?.nodes ?? []).map(optionOf);

const useGroups: UseOptions = (tenant, text) =>
  (useAnswer<choicesGroupsQuery>(groupsQuery, { tenant, where: whereOf(text) }).tenant?.groups?.nodes ?? []).map(
    optionOf,
  );

const useNamespaces: UseOptions = (tenant, text) =>
  (
    useAnswer<choicesNamespacesQuery>(namespacesQuery, { tenant, where: whereOf(text) }).tenant?.namespaces?.nodes ?? []
  ).map(({ name }) => ({ id: name, title: name }));

function useSubjects(tenant: string, text: string, hasGroups: boolean) {
  const where = whereOf(text);
  const asked = { tenant, user: where, account: where, group: where, hasGroups };
  const { users, groups, serviceAccounts } = useAnswer<choicesSubjectsQuery>(subjectsQuery, asked).tenant ?? {};
  return [
    ...(groups?.nodes ?? []).map(({ id, name }) => ({ id, title: name, detail: 'group' })),
    ...(users?.nodes ?? []).map(({ id, username }) => ({ id, title: username, detail: 'user' })),
    ...(serviceAccounts?.nodes ?? []).map(({ id, name }) => ({ id, title: name, detail: 'service account' })),
  ];
}
const useAccounts: UseOptions = (tenant, text) => useSubjects(tenant, text, false);
const useAll: UseOptions = (tenant, text) => useSubjects(tenant, text, true);

export const RoleField = choiceField(useRoles);
export const GroupField = choiceField(useGroups);
export const NamespaceField = choiceField(useNamespaces);
/** A user or a service account. */
export const AccountField = choiceField(useAccounts);
/** A user, a service account or a group. */
export const SubjectField = choiceField(useAll);
