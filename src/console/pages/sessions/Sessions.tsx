import { useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { useRights, useViewer } from '../../access/viewer.ts';
import type { SessionsQuery } from '../../generated/SessionsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { OwnerChoice } from '../../ui/OwnerChoice.tsx';
import { Page } from '../../ui/Page.tsx';
import { WhoseChips } from '../../ui/WhoseChips.tsx';
import { type OwnerSearch, useTenant } from '../tenant.ts';
import { EndSessions } from './EndSessions.tsx';
import { SessionTable } from './SessionTable.tsx';

const query = graphql`
  query SessionsQuery(
    $owner: ID!
    $ofAll: Boolean!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    sessions(first: $first, after: $after, last: $last, before: $before) @include(if: $ofAll) {
      ...SessionTable_sessions
    }
    node(id: $owner) @skip(if: $ofAll) {
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

/** The value of `owner` in the address for the sessions of all users. */
const all = 'all';

/** Where a person is signed in: browsers, since when, from where. */
export function Sessions() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/sessions' });
  const { id } = useViewer();
  const may = useRights();
  const hasUsers = may('SESSION:DELETE', 'instance') && may('TENANT_ACCESS:READ');
  const seesAll = may('SESSION:READ', 'instance');
  const ofAll = search.owner === all;
  const owner = search.owner ?? id;
  return (
    <Page
      title="Sessions"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      actions={owner !== undefined && !ofAll && <EndSessions user={owner} isOwn={owner === id} />}
      filters={
        (hasUsers || seesAll) && (
          <search className="filters">
            <WhoseChips
              owner={search.owner}
              choices={[
                { owner: undefined, title: 'Mine' },
                ...(seesAll ? [{ owner: all, title: 'Of everyone' }] : []),
              ]}
            />
            <OwnerChoice
              tenant={tenant}
              owner={ofAll ? undefined : search.owner}
              hasUsers={hasUsers}
              hasAccounts={false}
            />
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
  const ofAll = owner === all;
  const asked = { owner, ofAll, ...pageOf(search, settings.pageSize) };
  const { node, sessions: ofEveryone } = useAnswer<SessionsQuery>(query, asked);
  const sessions = ofAll ? ofEveryone : node?.__typename === 'User' ? node.sessions : undefined;
  if (!sessions) return <Empty icon="screen" title="You do not have permission to see these sessions" />;
  return <SessionTable sessions={sessions} ofMany={ofAll} />;
}
