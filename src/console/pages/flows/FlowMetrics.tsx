import { useNavigate, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { FlowMetricsQuery } from '../../generated/FlowMetricsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Lines } from '../../ui/charts/Lines.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { startOf, unitOf, windows } from '../../ui/windows.ts';
import { zoneName } from '../../ui/zone.ts';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query FlowMetricsQuery(
    $id: ID!
    $name: String!
    $hasName: Boolean!
    $aggregation: MetricAggregation
    $by: SeriesUnit
    $from: DateTime
    $zone: String
  ) {
    node(id: $id) {
      ... on Flow {
        metricNames {
          name
          type
          taskIds
        }
        metricSeries(name: $name, aggregation: $aggregation, by: $by, from: $from, zone: $zone)
          @include(if: $hasName) {
          at
          value
        }
      }
    }
  }
`;

const aggregations = [
  { value: 'SUM', title: 'Sum' },
  { value: 'AVG', title: 'Average' },
  { value: 'MIN', title: 'Minimum' },
  { value: 'MAX', title: 'Maximum' },
  { value: 'COUNT', title: 'Count' },
] as const;
const usual = 'week';

/** The values that tasks of the flow publish, over time. */
export function FlowMetrics({ flow }: FlowPart) {
  const search = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const navigate = useNavigate();
  const since = search.since ?? usual;
  const by = unitOf(since);
  const aggregation = aggregations.find(({ value }) => value === search.aggregation)?.value ?? 'SUM';
  const { node } = useAnswer<FlowMetricsQuery>(query, {
    id: flow.id,
    name: search.metric ?? '',
    hasName: search.metric !== undefined,
    aggregation,
    by,
    from: startOf(since, useOpenedAt()) ?? null,
    zone: zoneName(),
  });
  const names = node?.metricNames;
  if (!names) return <Empty icon="chart" title="You do not have permission to see metrics" />;
  if (names.length === 0)
    return (
      <Empty icon="chart" title="No metrics yet">
        <p>
          Tasks publish metrics, such as the rows that they read. The task <code>metric.Publish</code> publishes your
          own.
        </p>
      </Empty>
    );
  const set = (values: object) =>
    void navigate({ to: '.', search: ((before: object) => ({ ...before, ...values })) as never, replace: true });
  const points = node?.metricSeries ?? [];
  const chosen = names.find(({ name }) => name === search.metric);
  return (
    <>
      <search className="filters" aria-label="Metric">
        <SelectField
          key={search.metric}
          name="metric"
          label="Metric"
          value={search.metric ?? ''}
          options={[
            { value: '', title: 'Choose a metric' },
            ...names.map(({ name }) => ({ value: name, title: name })),
          ]}
          change={(value) => set({ metric: value || undefined })}
        />
        <SelectField
          name="aggregation"
          label="As"
          value={aggregation}
          options={aggregations}
          change={(value) => set({ aggregation: value === 'SUM' ? undefined : value })}
        />
        <SelectField
          name="since"
          label="Time"
          value={since}
          options={Object.entries(windows).map(([value, { title }]) => ({ value, title }))}
          change={(value) => set({ since: value === usual ? undefined : value })}
        />
      </search>
      <div className="body">
        {!chosen ? (
          <ul className="card list">
            {names.map(({ name, type, taskIds }) => (
              <li key={name}>
                <button type="button" className="link grow" onClick={() => set({ metric: name })}>
                  {name}
                </button>
                <span className="badge">{type.toLowerCase()}</span>
                <span className="quiet p2 cut">{taskIds.join(', ')}</span>
              </li>
            ))}
          </ul>
        ) : (
          <Lines
            title={`${chosen.name}, ${aggregations.find(({ value }) => value === aggregation)?.title.toLowerCase()}`}
            times={points.map(({ at }) => at)}
            by={by}
            lines={[{ title: chosen.name, values: points.map(({ value }) => value ?? null) }]}
            inWords={(value) => value.toLocaleString(undefined, { maximumFractionDigits: 2 })}
          />
        )}
      </div>
    </>
  );
}
