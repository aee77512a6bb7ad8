import { useNavigate } from '@tanstack/react-router';
import { Suspense, useDeferredValue, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { OwnerChoiceQuery } from '../generated/OwnerChoiceQuery.graphql.ts';
import { useAnswer } from '../relay/query.ts';
import { Choice } from './Choice.tsx';
import { FaultBoundary } from './FaultBoundary.tsx';

const query = graphql`
  query OwnerChoiceQuery(
    $tenant: String!
    $user: UserWhere
    $account: ServiceAccountWhere
    $hasUsers: Boolean!
    $hasAccounts: Boolean!
  ) {
    tenant(key: $tenant) {
      users(first: 20, where: $user) @include(if: $hasUsers) {
        nodes {
          id
          username
        }
      }
      serviceAccounts(first: 20, where: $account) @include(if: $hasAccounts) {
        nodes {
          id
          name
        }
      }
    }
  }
`;

export interface OwnerChoiceProps {
  readonly tenant: string;
  readonly owner: string | undefined;
  readonly hasUsers: boolean;
  readonly hasAccounts: boolean;
}

/** Chooses whose list is shown. Without a choice, it is the viewer's own. */
export function OwnerChoice(props: OwnerChoiceProps) {
  if (!props.hasUsers && !props.hasAccounts) return null;
  return (
    <FaultBoundary>
      <Suspense fallback={null}>
        <Loaded {...props} />
      </Suspense>
    </FaultBoundary>
  );
}

function Loaded({ tenant: key, owner, hasUsers, hasAccounts }: OwnerChoiceProps) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const text = useDeferredValue(typed);
  const { tenant } = useAnswer<OwnerChoiceQuery>(query, {
    tenant: key,
    user: text ? { text } : null,
    account: text ? { text } : null,
    hasUsers,
    hasAccounts,
  });
  const choose = (id: string | undefined) =>
    void navigate({ to: '.', search: (id === undefined ? {} : { owner: id }) as never, replace: true });
  return (
    <Choice
      label="Whose"
      placeholder="One account"
      options={[
        ...(tenant?.serviceAccounts?.nodes ?? []).map(({ id, name }) => ({
          id,
          title: name,
          detail: 'service account',
        })),
        ...(tenant?.users?.nodes ?? []).map(({ id, username }) => ({ id, title: username, detail: 'user' })),
      ]}
      value={owner}
      search={setTyped}
      choose={choose}
    />
  );
}
