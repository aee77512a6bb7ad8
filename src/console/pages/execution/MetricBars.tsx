import { scaleLinear } from 'd3-scale';
import { Chart } from '../../ui/charts/Chart.tsx';
import { shortDuration } from '../../ui/duration.ts';

interface Value {
  readonly key: string;
  readonly title: string;
  readonly value: number;
}

export interface BarsProps {
  readonly name: string;
  readonly type: string;
  readonly values: readonly Value[];
}

const kinds: Readonly<Record<string, string>> = { COUNTER: 'counter', TIMER: 'timer', GAUGE: 'gauge' };

/** The values of one metric, each a bar. */
export function Bars({ name, type, values }: BarsProps) {
  const inWords = (value: number) => (type === 'TIMER' ? shortDuration(value) : value.toLocaleString());
  const x = scaleLinear()
    .domain([0, Math.max(Number.MIN_VALUE, ...values.map(({ value }) => value))])
    .range([0, 100]);
  const sum = values.reduce((total, { value }) => total + value, 0);
  return (
    <div className="card pad">
      <Chart
        title={name}
        beside={
          <>
            <span className="badge">{kinds[type] ?? type}</span>
            {type === 'COUNTER' && values.length > 1 && <span className="quiet">{inWords(sum)} in all</span>}
          </>
        }
        picture={
          <ol className="metric-bars">
            {values.map(({ key, title, value }) => (
              <li key={key}>
                <span className="cut">{title || '–'}</span>
                <svg aria-hidden="true">
                  <rect className="f-run" width={`${Math.max(0.5, x(Math.max(0, value)))}%`} height={10} rx={2} />
                </svg>
                <span className="num end">{inWords(value)}</span>
              </li>
            ))}
          </ol>
        }
        table={{ head: ['Task', 'Value'], rows: values.map(({ title, value }) => [title || '–', inWords(value)]) }}
      />
    </div>
  );
}
