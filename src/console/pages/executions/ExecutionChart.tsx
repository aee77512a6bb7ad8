import { Suspense } from 'react';
import { graphql } from 'react-relay/hooks';
import type { ExecutionChartQuery } from '../../generated/ExecutionChartQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { type Period, StateBars } from '../../ui/charts/StateBars.tsx';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';
import type { SeriesAsked } from '../../ui/windows.ts';
import { zoneName } from '../../ui/zone.ts';

const query = graphql`
  query ExecutionChartQuery(
    $tenant: String!
    $where: ExecutionWhere
    $by: SeriesUnit
    $from: DateTime
    $until: DateTime
    $zone: String
  ) {
    tenant(key: $tenant) {
      executionSeries(where: $where, by: $by, from: $from, until: $until, zone: $zone) {
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
        }
      }
    }
  }
`;

export interface ExecutionChartProps {
  readonly tenant: string;
  readonly filter: object;
  readonly series: SeriesAsked;
  readonly chosen: readonly string[] | undefined;
}

/** The states of the listed executions over time, each a link. Its place is kept while it loads. */
export function ExecutionChart(props: ExecutionChartProps) {
  return (
    <div className="histo">
      <FaultBoundary>
        <Suspense fallback={<div className="histo-place" />}>
          <Loaded {...props} />
        </Suspense>
      </FaultBoundary>
    </div>
  );
}

function Loaded({ tenant: key, filter, series, chosen }: ExecutionChartProps) {
  const { tenant } = useAnswer<ExecutionChartQuery>(query, { tenant: key, where: filter, ...series, zone: zoneName() });
  const found = tenant?.executionSeries;
  if (!found) return null;
  const zoom = ({ at }: Period) => {
    const next = found.periods.find((one) => one.at > at)?.at ?? found.until;
    return { from: at, until: next, since: undefined, after: undefined, before: undefined };
  };
  return (
    <StateBars
      title="Executions over time"
      isTitleHidden
      periods={found.periods}
      by={series.by}
      counts={found.states}
      chosen={chosen}
      zoom={zoom}
    />
  );
}
