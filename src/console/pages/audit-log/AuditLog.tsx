import { Link, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { AuditLogQuery } from '../../generated/AuditLogQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { EventDetail } from '../../ui/events/EventDetail.tsx';
import { Outcome, OutcomeFilter } from '../../ui/events/Outcome.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { SavedViews } from '../../ui/SavedViews.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { Time } from '../../ui/Time.tsx';
import { Who } from '../../ui/Who.tsx';
import { useTenant } from '../tenant.ts';

import { ExportButton } from './ExportButton.tsx';
import { auditFilters } from './filters.tsx';
import { NewEvents } from './NewEvents.tsx';
import { type AuditSearch, whereOf } from './search.ts';

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
        streamCursor
        pageInfo {
          ...DataTable_pageInfo
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
  const [isLive, setIsLive] = useState(true);
  // Opening an event, or going to another page, asks the same question.
  const { event: _event, after: _after, before: _before, ...filters } = search;
  const asked = JSON.stringify(filters);
  const where = useMemo(() => whereOf(JSON.parse(asked) as AuditSearch, Date.now()), [asked]);
  return (
    <Page
      title="Audit log"
      crumbs={[{ title: tenant }, { title: 'Oversight' }]}
      actions={
        <>
          <button type="button" className="btn" aria-pressed={isLive} onClick={() => setIsLive(!isLive)}>
            <Icon name={isLive ? 'live' : 'pause'} />
            {isLive ? 'Live' : 'Paused'}
          </button>
          <ExportButton tenant={tenant} where={where} />
          <Link className="btn" to="/t/$tenant/audit-log/verify" params={{ tenant }}>
            <Icon name="chain" />
            Verify
          </Link>
        </>
      }
      filters={
        <SearchBox label="Search events" text={search.text}>
          <OutcomeFilter outcome={search.outcome} />
          <Filters filters={auditFilters} search={search} others={['outcome']} />
          <span className="grow" />
          <SavedViews />
        </SearchBox>
      }
    >
      <Events tenant={tenant} search={search} where={where} isLive={isLive} />
    </Page>
  );
}

interface EventsProps {
  readonly tenant: string;
  readonly search: AuditSearch;
  readonly where: ReturnType<typeof whereOf>;
  readonly isLive: boolean;
}

function Events({ tenant: key, search, where, isLive }: EventsProps) {
  const { settings } = useViewer();
  const variables = { tenant: key, where, ...pageOf(search, settings.pageSize) };
  const { tenant } = useAnswer<AuditLogQuery>(query, variables);
  const events = tenant?.auditEvents;
  if (!events) return <Empty icon="audit" title="You do not have permission to see the audit log" />;
  const isNewest = search.after === undefined && search.before === undefined;
  return (
    <>
      {isNewest && isLive && (
        <NewEvents key={events.streamCursor} tenant={key} where={where} after={events.streamCursor} />
      )}
      <DataTable
        caption="Audit events, newest first"
        columns={columnsOf(search.event)}
        rows={events.nodes}
        keyOf={({ id }) => id}
        pageInfo={events.pageInfo}
        steps={['Newer', 'Older']}
        detail={(event) => (event.id === search.event ? <EventDetail event={event} tenant={key} /> : undefined)}
        empty={{
          icon: 'audit',
          title: 'No event matches',
          text: <p>Every change, refusal and sign-in is recorded here. Remove a filter to see more.</p>,
        }}
      />
    </>
  );
}

const columnsOf = (open: string | undefined): readonly Column<Event>[] => [
  { title: 'Open', cell: ({ id, seq }) => <Opener id={id} seq={seq} isOpen={open === id} /> },
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

function Opener({ id, seq, isOpen }: { id: string; seq: string; isOpen: boolean }) {
  return (
    <Link
      className="btn plain icon sm"
      to="."
      search={((before: AuditSearch) => ({ ...before, event: isOpen ? undefined : id })) as never}
      replace
      resetScroll={false}
      role="button"
      aria-expanded={isOpen}
      aria-label={`${isOpen ? 'Close' : 'Open'} event ${seq}`}
    >
      <Icon name={isOpen ? 'down' : 'chevron'} />
    </Link>
  );
}
