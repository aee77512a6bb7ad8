import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { AuditLogQuery, AuditOutcome } from '../../generated/AuditLogQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';
import { type ListSearch, listSearch, useTenant } from '../tenant.ts';
import { EventDetail } from './EventDetail.tsx';
import { NewEvents } from './NewEvents.tsx';
import { Outcome, OutcomeFilter } from './Outcome.tsx';

const outcomes: readonly string[] = ['SUCCESS', 'DENIED', 'ERROR'] satisfies AuditOutcome[];

export interface AuditSearch extends ListSearch {
  readonly outcome?: AuditOutcome | undefined;
  /** ID of the open event. */
  readonly event?: string | undefined;
}

export const auditSearch = (given: Record<string, unknown>): AuditSearch => ({
  ...listSearch(given),
  ...(outcomes.includes(String(given['outcome'])) && { outcome: given['outcome'] as AuditOutcome }),
  ...(typeof given['event'] === 'string' && { event: given['event'] }),
});

const query = graphql`
  query AuditLogQuery(
    $tenant: String!
    $where: AuditEventWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      auditEvents(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          seq
          at
          action
          outcome
          actorKind
          actorName
          resourceKey
          namespaceName
          ...EventDetail_event
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`;

type Event = NonNullable<NonNullable<AuditLogQuery['response']['tenant']>['auditEvents']>['nodes'][number];

/** Audit events of a tenant, newest first. Each filter and the open event are part of the address. */
export function AuditLog() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/audit-log' });
  return (
    <Page
      title="Audit log"
      crumbs={[{ title: tenant }, { title: 'Oversight' }]}
      filters={
        <SearchBox label="Search events" text={search.text}>
          <OutcomeFilter outcome={search.outcome} />
        </SearchBox>
      }
    >
      <Events tenant={tenant} search={search} />
    </Page>
  );
}

function Events({ tenant: key, search }: { tenant: string; search: AuditSearch }) {
  const where = {
    ...(search.text !== undefined && { text: search.text }),
    ...(search.outcome !== undefined && { outcome: [search.outcome] }),
  };
  const variables = { tenant: key, where, ...pageOf(search) };
  const { tenant } = useAnswer<AuditLogQuery>(query, variables);
  const navigate = useNavigate();
  const events = tenant?.auditEvents;
  if (!events) return <Empty icon="audit" title="You do not have permission to see the audit log" />;
  const columns: readonly Column<Event>[] = [
    {
      title: 'Open',
      cell: ({ id, seq }) => {
        const isOpen = search.event === id;
        return (
          <Link
            className="btn plain icon sm"
            to="."
            search={((before: AuditSearch) => ({ ...before, event: isOpen ? undefined : id })) as never}
            replace
            role="button"
            aria-expanded={isOpen}
            aria-label={`${isOpen ? 'Close' : 'Open'} event ${seq}`}
          >
            <Icon name={isOpen ? 'down' : 'chevron'} />
          </Link>
        );
      },
    },
    { title: 'Time', cell: ({ at }) => <Time at={at} /> },
    {
      title: 'Actor',
      className: 'p2',
      cell: ({ actorName, actorKind }) => <Who name={actorName} isBot={actorKind !== 'USER'} />,
    },
    { title: 'Action', className: 'p2', cell: ({ action }) => <code>{action}</code> },
    {
      title: 'Object',
      className: 'main-cell fluid',
      cell: ({ resourceKey, actorName, action }) => (
        <>
          {resourceKey || '–'}
          <span className="sub narrow-only">
            {actorName} · <code>{action}</code>
          </span>
        </>
      ),
    },
    { title: 'Namespace', className: 'p3', cell: ({ namespaceName }) => namespaceName },
    { title: 'Outcome', className: 'edge', cell: ({ outcome }) => <Outcome outcome={outcome} /> },
    { title: 'No.', className: 'end p3 quiet num', cell: ({ seq }) => Number(seq).toLocaleString() },
  ];
  const isNewest = search.after === undefined && search.before === undefined;
  return (
    <>
      {isNewest && (
        <NewEvents
          tenant={key}
          where={where}
          show={() => void navigate({ to: '.', search: ((s: object) => s) as never })}
        />
      )}
      <DataTable
        caption="Audit events, newest first"
        columns={columns}
        rows={events.nodes}
        keyOf={({ id }) => id}
        pageInfo={events.pageInfo}
        detail={(event) => (event.id === search.event ? <EventDetail event={event} /> : undefined)}
        empty={{
          icon: 'audit',
          title: 'No event matches',
          text: <p>Every change, refusal and sign-in is recorded here. Remove a filter to see more.</p>,
        }}
      />
    </>
  );
}
