import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { StatsQuery } from '../../generated/StatsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { durationInWords } from '../../ui/duration.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Page } from '../../ui/Page.tsx';
import { Time } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { DailyBars } from './DailyBars.tsx';

const query = graphql`
  query StatsQuery($tenant: String!, $days: Int!) {
    tenant(key: $tenant) {
      stats(window: { days: $days }) {
        from
        to
        executions
        executionDuration
        tasks
        flows
        triggers
        namespaces
        users
        groups
        roles
        serviceAccounts
        ...DailyBars_stats
      }
    }
  }
`;

const spans = [
  { tab: undefined, days: 30, title: '30 days' },
  { tab: '7', days: 7, title: '7 days' },
  { tab: '90', days: 90, title: '90 days' },
] as const;

/** What runs in the tenant, day by day, and how much there is of everything. */
export function Stats() {
  const tenant = useTenant();
  const { tab } = useSearch({ from: '/t/$tenant/stats' });
  const span = spans.find((one) => one.tab === tab) ?? spans[0];
  return (
    <Page
      title="Stats"
      crumbs={[{ title: tenant }, { title: 'Oversight' }]}
      filters={
        <search className="filters">
          {spans.map(({ tab: own, title }) => (
            <Link
              key={title}
              className="chip"
              to="."
              search={(own === undefined ? {} : { tab: own }) as never}
              activeOptions={{ exact: true }}
              aria-current={own === span.tab ? 'page' : undefined}
            >
              Last {title}
            </Link>
          ))}
        </search>
      }
    >
      <Loaded tenant={tenant} days={span.days} />
    </Page>
  );
}

function Loaded({ tenant: key, days }: { tenant: string; days: number }) {
  const { tenant } = useAnswer<StatsQuery>(query, { tenant: key, days });
  const stats = tenant?.stats;
  if (!stats) return <Empty icon="chart" title="You do not have permission to see stats" />;
  const ran = [
    ['Executions', stats.executions.toLocaleString()],
    ['Running time', durationInWords(stats.executionDuration)],
  ] as const;
  const counts = [
    ['Flows', stats.flows],
    ['Tasks', stats.tasks],
    ['Triggers', stats.triggers],
    ['Namespaces', stats.namespaces],
    ['Users', stats.users],
    ['Groups', stats.groups],
    ['Roles', stats.roles],
    ['Service accounts', stats.serviceAccounts],
  ] as const;
  return (
    <div className="body">
      <div className="section">
        <h2>Executions</h2>
        <span className="quiet">
          <Time at={stats.from} /> to <Time at={stats.to} />
        </span>
      </div>
      <ul className="cards">
        {ran.map(([title, value]) => (
          <li className="card tile" key={title}>
            <span className="quiet">{title}</span>
            <b>{value}</b>
          </li>
        ))}
      </ul>
      <DailyBars stats={stats} />
      <div className="section gap">
        <h2>Now</h2>
      </div>
      <ul className="cards">
        {counts.map(([title, value]) => (
          <li className="card tile" key={title}>
            <span className="quiet">{title}</span>
            {value == null ? <span className="quiet">hidden from you</span> : <b>{value.toLocaleString()}</b>}
          </li>
        ))}
      </ul>
    </div>
  );
}
