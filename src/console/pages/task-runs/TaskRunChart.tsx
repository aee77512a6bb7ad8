import { Suspense } from 'react';
import { graphql } from 'react-relay/hooks';
import type { TaskRunChartQuery } from '../../generated/TaskRunChartQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { DurationLines } from '../../ui/charts/DurationLines.tsx';
import { type Period, StateBars } from '../../ui/charts/StateBars.tsx';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';
import type { SeriesAsked } from '../../ui/windows.ts';
import { zoneName } from '../../ui/zone.ts';

const query = graphql`
  query TaskRunChartQuery(
    $tenant: String!
    $where: TaskRunWhere
    $by: SeriesUnit
    $from: DateTime
    $until: DateTime
    $zone: String
  ) {
    tenant(key: $tenant) {
      taskRunSeries(where: $where, by: $by, from: $from, until: $until, zone: $zone) {
        until
        states {
          state
          count
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
    }
  }
`;

export interface TaskRunChartProps {
  readonly tenant: string;
  readonly filter: object;
  readonly series: SeriesAsked;
  readonly chosen: readonly string[] | undefined;
}

/** The listed task runs over time: their states, and how long they took. */
export function TaskRunChart(props: TaskRunChartProps) {
  return (
    <div className="histo pair">
      <FaultBoundary>
        <Suspense fallback={<div className="histo-place" />}>
          <Loaded {...props} />
        </Suspense>
      </FaultBoundary>
    </div>
  );
}

function Loaded({ tenant: key, filter, series, chosen }: TaskRunChartProps) {
  const { tenant } = useAnswer<TaskRunChartQuery>(query, { tenant: key, where: filter, ...series, zone: zoneName() });
  const found = tenant?.taskRunSeries;
  if (!found) return null;
  const zoom = ({ at }: Period) => {
    const next = found.periods.find((one) => one.at > at)?.at ?? found.until;
    return { from: at, until: next, since: undefined, after: undefined, before: undefined };
  };
  return (
    <>
      <StateBars
        title="Task runs over time"
        isTitleHidden
        periods={found.periods}
        by={series.by}
        counts={found.states}
        chosen={chosen}
        zoom={zoom}
      />
      <DurationLines title="Duration" periods={found.periods} by={series.by} />
    </>
  );
}
