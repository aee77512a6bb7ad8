import { scaleLinear } from 'd3-scale';
import { shortDuration } from '../../ui/duration.ts';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { isEnded, lookOf } from '../../ui/state.ts';
import { Moment } from '../../ui/Time.tsx';
import { useSecond } from '../../ui/useSecond.ts';
import type { ShownExecution } from './Execution.tsx';

/** The states of an execution in order: a bar with the time in each, and the same as a list. */
export function States({ execution: { history, state } }: { execution: ShownExecution }) {
  const now = useSecond(!isEnded(state));
  const stays = history.map(({ state: name, at, until }) => {
    const from = Date.parse(at);
    const end = until ? Date.parse(until) : isEnded(name) ? from : now;
    return { name, at, from, until: Math.max(from, end) };
  });
  const x = scaleLinear()
    .domain([stays[0]?.from ?? 0, Math.max(stays.at(-1)?.until ?? 1, (stays[0]?.from ?? 0) + 1)])
    .range([0, 100]);
  return (
    <>
      <svg className="states-bar" aria-hidden="true">
        {stays
          .filter(({ name }) => !isEnded(name))
          .map(({ name, from, until, at }) => (
            <rect
              key={`${name} ${at}`}
              className={`f-${lookOf(name).family}`}
              x={`${x(from)}%`}
              width={`${Math.max(0.4, x(until) - x(from))}%`}
              height={10}
            >
              <title>{`${lookOf(name).title}, ${shortDuration((until - from) / 1_000)}`}</title>
            </rect>
          ))}
      </svg>
      <ol className="states">
        {stays.map(({ name, at, from, until }, i) => (
          <li key={`${name} ${at}`}>
            <StateBadge state={name} isPast={i < stays.length - 1} />
            <span className="grow" />
            <Moment at={at} />
            <span className="quiet num end">{isEnded(name) ? '' : shortDuration((until - from) / 1_000)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
