import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { useRights, useViewer } from '../../access/viewer.ts';
import type { SessionsQuery } from '../../generated/SessionsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { OwnerChoice } from '../../ui/OwnerChoice.tsx';
import { Page } from '../../ui/Page.tsx';
import { type OwnerSearch, useTenant } from '../tenant.ts';
import { EndSessions } from './EndSessions.tsx';
import { SessionTable } from './SessionTable.tsx';

const query = graphql`
  query SessionsQuery($owner: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    node(id: $owner) {
      __typename
      ... on User {
        username
        sessions(first: $first, after: $after, last: $last, before: $before) {
          ...SessionTable_sessions
        }
      }
    }
  }
`;

/** Where a person is signed in: browsers, since when, from where. */
export function Sessions() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/sessions' });
  const { id } = useViewer();
  const may = useRights();
  const hasUsers = may('SESSION:DELETE', 'instance') && may('TENANT_ACCESS:READ');
  const owner = search.owner ?? id;
  return (
    <Page
      title="Sessions"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      actions={owner !== undefined && <EndSessions user={owner} isOwn={owner === id} />}
      filters={
        hasUsers && (
          <search className="filters">
            <OwnerChoice tenant={tenant} owner={search.owner} hasUsers={hasUsers} hasAccounts={false} />
          </search>
        )
      }
    >
      {owner === undefined ? <Empty icon="screen" title="Choose a user" /> : <Loaded owner={owner} search={search} />}
    </Page>
  );
}

function Loaded({ owner, search }: { owner: string; search: OwnerSearch }) {
  const { settings } = useViewer();
  const { node } = useAnswer<SessionsQuery>(query, { owner, ...pageOf(search, settings.pageSize) });
  const sessions = node?.__typename === 'User' ? node.sessions : undefined;
  if (!sessions) return <Empty icon="screen" title="You do not have permission to see these sessions" />;
  return <SessionTable sessions={sessions} />;
}
