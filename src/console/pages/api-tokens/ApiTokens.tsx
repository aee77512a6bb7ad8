import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs, useRights, useViewer } from '../../access/viewer.ts';
import type { ApiTokensQuery } from '../../generated/ApiTokensQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { OwnerChoice } from '../../ui/OwnerChoice.tsx';
import { Page } from '../../ui/Page.tsx';
import { type OwnerSearch, useTenant } from '../tenant.ts';
import { CreateToken } from './CreateToken.tsx';
import { TokenTable } from './TokenTable.tsx';

const query = graphql`
  query ApiTokensQuery($owner: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    node(id: $owner) {
      __typename
      ... on User {
        username
        apiTokens(first: $first, after: $after, last: $last, before: $before) {
          ...TokenTable_tokens
        }
      }
      ... on ServiceAccount {
        name
        apiTokens(first: $first, after: $after, last: $last, before: $before) {
          ...TokenTable_tokens
        }
      }
    }
  }
`;

/** API tokens of the viewer, or of another account: what each may do, when it was used, and what for. */
export function ApiTokens() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/api-tokens' });
  const { id } = useViewer();
  const may = useRights();
  const hasUsers = may('API_TOKEN:READ', 'instance') && may('TENANT_ACCESS:READ');
  const hasAccounts = may('API_TOKEN:READ', 'tenant') && may('SERVICE_ACCOUNT:READ');
  const owner = search.owner ?? id;
  const [isCreating, setIsCreating] = useState(false);
  return (
    <Page
      title="API tokens"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      actions={
        <ActionButton
          permission={needs.createApiToken}
          // Every user can create tokens of their own.
          isAllowed={search.owner === undefined || search.owner === id || undefined}
          icon="plus"
          className="primary"
          onPress={() => setIsCreating(true)}
        >
          Create a token
        </ActionButton>
      }
      filters={
        (hasUsers || hasAccounts) && (
          <search className="filters">
            <OwnerChoice tenant={tenant} owner={search.owner} hasUsers={hasUsers} hasAccounts={hasAccounts} />
          </search>
        )
      }
    >
      {owner === undefined ? (
        <Empty icon="key" title="Choose a service account" />
      ) : (
        <Tokens owner={owner} isOwn={owner === id} search={search} />
      )}
      {isCreating && <CreateToken owner={search.owner} tenant={tenant} close={() => setIsCreating(false)} />}
    </Page>
  );
}

function Tokens({ owner, isOwn, search }: { owner: string; isOwn: boolean; search: OwnerSearch }) {
  const { settings } = useViewer();
  const { node } = useAnswer<ApiTokensQuery>(query, { owner, ...pageOf(search, settings.pageSize) });
  const tokens = node?.__typename === 'User' || node?.__typename === 'ServiceAccount' ? node.apiTokens : undefined;
  if (!tokens) return <Empty icon="key" title="You do not have permission to see these API tokens" />;
  return <TokenTable tokens={tokens} isOwn={isOwn} />;
}
