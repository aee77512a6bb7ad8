import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { ReactNode } from 'react';
import { Chart } from './Chart.tsx';
import { axisLabels, exactly, type Unit } from './period.ts';

export interface Line {
  readonly title: string;
  readonly values: readonly (number | null)[];
}

export interface LinesProps {
  readonly title: string;
  readonly beside?: ReactNode;
  /** The start of each period. */
  readonly times: readonly string[];
  readonly by: Unit;
  readonly lines: readonly Line[];
  /** A value in words. */
  readonly inWords: (value: number) => string;
}

const size = { width: 600, height: 96 };

/** Values over time. A period without a value is a gap. A value between two gaps is a dot. */
export function Lines({ title, beside, times, by, lines, inWords }: LinesProps) {
  const max = Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const x = scaleLinear()
    .domain([0, Math.max(1, times.length - 1)])
    .range([4, size.width - 4]);
  const y = scaleLinear()
    .domain([0, max || 1])
    .range([size.height - 4, 24]);
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_value, i) => x(i))
    .y((value) => y(value ?? 0));
  return (
    <Chart
      title={title}
      beside={
        <>
          {lines.length > 1 && (
            <span className="line-legend">
              {lines.map(({ title: name }, i) => (
                <span key={name} className={`line-${i}`}>
                  <i />
                  {name}
                </span>
              ))}
            </span>
          )}
          {beside}
        </>
      }
      picture={
        <>
          <span className="lines-max">{inWords(max)}</span>
          <svg
            className="lines"
            viewBox={`0 0 ${size.width} ${size.height}`}
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            {lines.map(({ title: name, values }, i) => (
              <g key={name} className={`line-${i}`}>
                <path d={path(values) ?? ''} />
                {values.map(
                  (value, at) =>
                    value !== null &&
                    values[at - 1] == null &&
                    values[at + 1] == null && <path key={times[at]} className="dot" d={`M${x(at)},${y(value)}h0.01`} />,
                )}
              </g>
            ))}
          </svg>
          <div className="axis">
            {axisLabels(times, by, 3).map(({ at, text }) => (
              <span key={at}>{text}</span>
            ))}
          </div>
        </>
      }
      table={{
        head: ['From', ...lines.map((one) => one.title)],
        rows: times.map((at, i) => [
          exactly(at, by),
          ...lines.map(({ values }) => {
            const value = values[i];
            return value == null ? '–' : inWords(value);
          }),
        ]),
      }}
    />
  );
}
