import { Link, useNavigate } from '@tanstack/react-router';
import { scaleBand, scaleLinear } from 'd3-scale';
import { Icon } from '../Icon.tsx';
import { lookOf, states } from '../state.ts';
import { useIsNarrow } from '../useIsNarrow.ts';
import { Chart } from './Chart.tsx';
import { axisLabels, exactly, type Unit } from './period.ts';

export interface StateCount {
  readonly state: string;
  readonly count: number;
}

export interface Period {
  readonly at: string;
  readonly count: number;
  readonly states: readonly StateCount[];
}

export interface StateBarsProps {
  readonly title: string;
  readonly isTitleHidden?: boolean;
  readonly periods: readonly Period[];
  readonly by: Unit;
  /** Numbers by state, each a link to the list of that state only. */
  readonly counts: readonly StateCount[];
  /** The states by which the page is filtered. */
  readonly chosen?: readonly string[] | undefined;
  /** The list to which the numbers lead, if it is another page. */
  readonly list?: { readonly tenant: string; readonly search: object };
  /** The part of the address that shows one period. */
  readonly zoom?: ((period: Period) => object) | undefined;
}

const height = 64;
const order = (state: string): number => states.indexOf(state as (typeof states)[number]);
const byOrder = (a: StateCount, b: StateCount) => order(a.state) - order(b.state);

/** What started over time, by its current state. What is bad is at the foot of each bar. */
export function StateBars(props: StateBarsProps) {
  const { title, isTitleHidden = false, periods, by, counts, chosen = [], zoom, list } = props;
  const used = [...new Set(periods.flatMap((one) => one.states.map(({ state }) => state)))].sort(
    (a, b) => order(a) - order(b),
  );
  const isNarrow = useIsNarrow();
  const labels = axisLabels(
    periods.map(({ at }) => at),
    by,
    isNarrow ? 3 : 5,
  );
  return (
    <Chart
      title={title}
      isTitleHidden={isTitleHidden}
      beside={<Legend counts={counts} chosen={chosen} list={list} />}
      picture={
        <>
          <Bars periods={periods} by={by} zoom={zoom} />
          <div className="axis">
            {labels.map(({ at, text }) => (
              <span key={at}>{text}</span>
            ))}
          </div>
        </>
      }
      table={{
        head: ['From', 'All', ...used.map((state) => lookOf(state).title)],
        rows: periods.map((period) => [
          zoom ? (
            <Link key="at" to="." search={((before: object) => ({ ...before, ...zoom(period) })) as never}>
              {exactly(period.at, by)}
            </Link>
          ) : (
            exactly(period.at, by)
          ),
          period.count.toLocaleString(),
          ...used.map((state) => (period.states.find((one) => one.state === state)?.count ?? 0).toLocaleString()),
        ]),
      }}
    />
  );
}

interface LegendProps {
  readonly counts: readonly StateCount[];
  readonly chosen: readonly string[];
  readonly list: StateBarsProps['list'];
}

function Legend({ counts, chosen, list }: LegendProps) {
  // Success first, as in the reference: it is what one expects.
  const shown = [...counts].filter(({ count, state }) => count > 0 || chosen.includes(state)).sort(byOrder);
  const success = shown.filter(({ state }) => state === 'SUCCESS');
  const others = shown.filter(({ state }) => state !== 'SUCCESS');
  return (
    <div className="state-legend">
      {[...success, ...others].map(({ state, count }) => {
        const { title, icon, family } = lookOf(state);
        const isOn = chosen.includes(state);
        const next = isOn ? chosen.filter((one) => one !== state) : [...chosen, state];
        return (
          <Link
            key={state}
            className={`chip ${isOn ? 'on' : ''}`}
            {...(list ? { to: '/t/$tenant/executions', params: { tenant: list.tenant } } : { to: '.' })}
            search={
              ((before: object) => ({
                ...(list ? list.search : before),
                state: next.length === 0 ? undefined : next.join(','),
                after: undefined,
                before: undefined,
              })) as never
            }
          >
            <span className={family}>
              <Icon name={icon} />
            </span>
            {title} <b>{count.toLocaleString()}</b>
            <span className="sr">{isOn ? ': remove this filter' : ': only these'}</span>
          </Link>
        );
      })}
    </div>
  );
}

function Bars({ periods, by, zoom }: Pick<StateBarsProps, 'periods' | 'by' | 'zoom'>) {
  const navigate = useNavigate();
  const show = (period: Period) =>
    void navigate({ to: '.', search: ((before: object) => ({ ...before, ...zoom?.(period) })) as never });
  const x = scaleBand<string>()
    .domain(periods.map(({ at }) => at))
    .range([0, 100])
    .paddingInner(0.14);
  const y = scaleLinear()
    .domain([0, Math.max(1, ...periods.map(({ count }) => count))])
    .range([0, height - 2]);
  const width = x.bandwidth();
  return (
    <svg className="plot" height={height} aria-hidden="true">
      {periods.map((period) => {
        let foot = height;
        const left = x(period.at) ?? 0;
        const parts = [...period.states].sort(byOrder);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table has a link for each period
          <g key={period.at} className={zoom && 'pick'} onClick={zoom && (() => show(period))}>
            <title>{wordsOf(period, by)}</title>
            <rect className="back" x={`${left}%`} y={0} width={`${width}%`} height={height} />
            {parts.map(({ state, count }) => {
              // What is there is seen, however little it is.
              const size = Math.max(2, y(count));
              foot -= size;
              return (
                <rect
                  key={state}
                  className={`f-${lookOf(state).family}`}
                  x={`${left}%`}
                  y={foot}
                  width={`${width}%`}
                  height={size}
                />
              );
            })}
            {parts.some(({ state }) => state === 'SUCCESS') && (
              <rect className="f-ok cap" x={`${left}%`} y={foot} width={`${width}%`} height={2} />
            )}
          </g>
        );
      })}
    </svg>
  );
}

const wordsOf = ({ at, count, states: parts }: Period, by: Unit): string =>
  [
    exactly(at, by),
    `${count.toLocaleString()} in all`,
    ...[...parts].sort(byOrder).map(({ state, count }) => `${count.toLocaleString()} ${lookOf(state).title}`),
  ].join('\n');
