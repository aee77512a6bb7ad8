import { Suspense } from 'react';
import { graphql } from 'react-relay/hooks';
import type { MetricsTabQuery } from '../../generated/MetricsTabQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import type { ShownExecution } from './Execution.tsx';
import { Bars } from './MetricBars.tsx';

const query = graphql`
  query MetricsTabQuery($execution: ID!) {
    node(id: $execution) {
      ... on Execution {
        metrics(first: 100) {
          nodes {
            name
            type
            value
            tags
            taskId
            at
            sequence
          }
          pageInfo {
            hasNextPage
          }
        }
      }
    }
  }
`;

/** What the tasks measured, each metric a chart. */
export function MetricsTab({ execution }: { execution: ShownExecution }) {
  return (
    <Suspense fallback={<Skeleton />}>
      <Loaded id={execution.id} />
    </Suspense>
  );
}

function Loaded({ id }: { id: string }) {
  const { node } = useAnswer<MetricsTabQuery>(query, { execution: id });
  const metrics = node?.metrics?.nodes ?? [];
  if (metrics.length === 0)
    return (
      <Empty icon="chart" title="No metrics">
        <p>A task can report counters, gauges and timers, such as the number of rows that it loaded.</p>
      </Empty>
    );
  const byName = Map.groupBy(metrics, ({ name, type }) => `${name} ${type}`);
  return (
    <div className="body metric-grid">
      {[...byName].map(([key, values]) => (
        <Bars
          key={key}
          name={values[0]!.name}
          type={values[0]!.type}
          values={values.map(({ sequence, taskId, value, tags }) => ({
            key: sequence,
            title: [...new Set([taskId, ...Object.values((tags ?? {}) as Record<string, string>)])]
              .filter(Boolean)
              .join(' · '),
            value,
          }))}
        />
      ))}
      {node?.metrics?.pageInfo.hasNextPage && <p className="quiet">Only the first 100 values are shown.</p>}
    </div>
  );
}
