import { Link } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { RunsQuery } from '../../generated/RunsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { DurationLines } from '../../ui/charts/DurationLines.tsx';
import { StateBars } from '../../ui/charts/StateBars.tsx';
import { shortDuration } from '../../ui/duration.ts';
import { Icon } from '../../ui/Icon.tsx';
import { activeStates, lookOf } from '../../ui/state.ts';
import { seriesOf } from '../../ui/windows.ts';
import { zoneName } from '../../ui/zone.ts';
import { RunList } from './RunList.tsx';
import { usualWindow } from './search.ts';
import { Upcoming } from './Upcoming.tsx';

const query = graphql`
  query RunsQuery(
    $tenant: String!
    $by: SeriesUnit
    $from: DateTime
    $until: DateTime
    $zone: String
    $active: [ExecutionState!]
    $hasTriggers: Boolean!
  ) {
    tenant(key: $tenant) {
      executionSeries(by: $by, from: $from, until: $until, zone: $zone) {
        count
        active {
          state
          count
        }
        states {
          state
          count
        }
        duration {
          count
          p50
          p95
          p99
        }
        periods {
          at
          count
          states {
            state
            count
          }
          duration {
            p50
            p95
            p99
          }
        }
      }
      failingFlows(first: 6, from: $from) {
        ...RunList_executions
      }
      running: executions(first: 6, where: { state: $active }) {
        nodes {
          ...RunList_executions
        }
      }
      triggers(first: 6, where: { disabled: false, kind: SCHEDULE }, orderBy: { field: NEXT_EXECUTION_AT })
        @include(if: $hasTriggers) {
        ...Upcoming_triggers
      }
    }
  }
`;

export interface RunsProps {
  readonly tenant: string;
  readonly since: string;
  readonly now: number;
}

/** Executions over time, what runs and fails now, and what runs next. */
export function Runs({ tenant: key, since, now }: RunsProps) {
  const series = seriesOf({ since }, usualWindow, now);
  const hasTriggers = useMay('TRIGGER:READ');
  const { tenant } = useAnswer<RunsQuery>(query, {
    tenant: key,
    ...series,
    zone: zoneName(),
    active: activeStates,
    hasTriggers,
  });
  const found = tenant?.executionSeries;
  if (!found) return null;
  const { duration } = found;
  return (
    <>
      <div className="histo">
        {found.count === 0 ? (
          <p className="quiet home-none">
            No execution started in this time. Choose a longer one, or{' '}
            <Link to="/t/$tenant/executions" params={{ tenant: key }} search={{ since: 'any' }}>
              see all executions
            </Link>
            .
          </p>
        ) : (
          <StateBars
            title="Executions over time"
            periods={found.periods}
            by={series.by}
            counts={found.states}
            list={{ tenant: key, search: since === usualWindow ? {} : { since } }}
          />
        )}
      </div>
      <div className="body home-grid">
        <section className="card pad" aria-label="Now">
          <div className="section">
            <h2>Now</h2>
          </div>
          {found.active.length === 0 ? (
            <p className="quiet">Nothing runs.</p>
          ) : (
            <ul className="row">
              {found.active.map(({ state, count }) => {
                const { title, icon, family } = lookOf(state);
                return (
                  <li key={state}>
                    <Link
                      className="chip"
                      to="/t/$tenant/executions"
                      params={{ tenant: key }}
                      search={{ state, since: 'any' }}
                    >
                      <span className={family}>
                        <Icon name={icon} />
                      </span>
                      {title} <b>{count.toLocaleString()}</b>
                    </Link>
                  </li>
                );
              })}
            </ul>
          )}
          <RunList
            tenant={key}
            executions={tenant.running?.nodes ?? []}
            more={{ title: 'All that run', search: { state: activeStates.join(','), since: 'any' } }}
          />
        </section>
        <section className="card pad" aria-label="Failing flows">
          <div className="section">
            <h2>Failing flows</h2>
          </div>
          {(tenant.failingFlows ?? []).length === 0 && (
            <p className="quiet">None: the newest execution of each flow did not fail.</p>
          )}
          <RunList
            tenant={key}
            executions={tenant.failingFlows ?? []}
            more={{ title: 'All failures', search: { state: 'FAILED', ...(since !== usualWindow && { since }) } }}
          />
        </section>
        {hasTriggers && <Upcoming tenant={key} triggers={tenant.triggers} />}
        <section className="card pad" aria-label="Durations">
          {duration ? (
            <>
              <DurationLines title="Duration" periods={found.periods} by={series.by} />
              <dl className="facts gap">
                <dt>Half took at most</dt>
                <dd className="num">{shortDuration(duration.p50)}</dd>
                <dt>95 of 100</dt>
                <dd className="num">{shortDuration(duration.p95)}</dd>
                <dt>99 of 100</dt>
                <dd className="num">{shortDuration(duration.p99)}</dd>
              </dl>
            </>
          ) : (
            <>
              <div className="section">
                <h2>Duration</h2>
              </div>
              <p className="quiet">No execution of this time has ended.</p>
            </>
          )}
        </section>
      </div>
    </>
  );
}
