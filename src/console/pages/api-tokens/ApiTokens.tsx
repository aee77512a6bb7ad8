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
import { WhoseChips } from '../../ui/WhoseChips.tsx';
import { type OwnerSearch, useTenant } from '../tenant.ts';
import { CreateToken } from './CreateToken.tsx';
import { TokenTable } from './TokenTable.tsx';

const query = graphql`
  query ApiTokensQuery(
    $owner: ID!
    $tenant: String!
    $ofTenant: Boolean!
    $ofInstance: Boolean!
    $ofOne: Boolean!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) @include(if: $ofTenant) {
      apiTokens(first: $first, after: $after, last: $last, before: $before) {
        ...TokenTable_tokens
      }
    }
    apiTokens(first: $first, after: $after, last: $last, before: $before) @include(if: $ofInstance) {
      ...TokenTable_tokens
    }
    node(id: $owner) @include(if: $ofOne) {
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

/** Values of `owner` in the address for the tokens of many accounts. */
const [ofTenant, ofInstance] = ['tenant', 'instance'];

/** API tokens of the viewer, or of another account: what each may do, when it was used, and what for. */
export function ApiTokens() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/api-tokens' });
  const { id } = useViewer();
  const may = useRights();
  const hasUsers = may('API_TOKEN:READ', 'instance') && may('TENANT_ACCESS:READ');
  const hasAccounts = may('API_TOKEN:READ', 'tenant') && may('SERVICE_ACCOUNT:READ');
  const isOfMany = search.owner === ofTenant || search.owner === ofInstance;
  const ofOne = isOfMany ? undefined : search.owner;
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
          isAllowed={ofOne === undefined || ofOne === id || undefined}
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
            <WhoseChips
              owner={search.owner}
              choices={[
                { owner: undefined, title: 'Mine' },
                ...(hasAccounts ? [{ owner: ofTenant, title: 'Of the tenant' }] : []),
                ...(hasUsers ? [{ owner: ofInstance, title: 'Of all users' }] : []),
              ]}
            />
            <OwnerChoice tenant={tenant} owner={ofOne} hasUsers={hasUsers} hasAccounts={hasAccounts} />
          </search>
        )
      }
    >
      {owner === undefined ? (
        <Empty icon="key" title="Choose a service account" />
      ) : (
        <Tokens tenant={tenant} owner={owner} isOwn={owner === id} search={search} />
      )}
      {isCreating && <CreateToken owner={ofOne} tenant={tenant} close={() => setIsCreating(false)} />}
    </Page>
  );
}

interface TokensProps {
  readonly tenant: string;
  readonly owner: string;
  readonly isOwn: boolean;
  readonly search: OwnerSearch;
}

function Tokens({ tenant: key, owner, isOwn, search }: TokensProps) {
  const { settings } = useViewer();
  const isOf = { ofTenant: owner === ofTenant, ofInstance: owner === ofInstance };
  const ofOne = !isOf.ofTenant && !isOf.ofInstance;
  const asked = { owner, tenant: key, ofOne, ...isOf, ...pageOf(search, settings.pageSize) };
  const { node, tenant, apiTokens } = useAnswer<ApiTokensQuery>(query, asked);
  const ofNode = node?.__typename === 'User' || node?.__typename === 'ServiceAccount' ? node.apiTokens : undefined;
  const tokens = isOf.ofTenant ? tenant?.apiTokens : isOf.ofInstance ? apiTokens : ofNode;
  if (!tokens) return <Empty icon="key" title="You do not have permission to see these API tokens" />;
  return <TokenTable tokens={tokens} isOwn={isOwn} ofMany={!ofOne} />;
}
