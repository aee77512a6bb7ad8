import { graphql, useFragment } from 'react-relay/hooks';
import type { DailyBars_stats$key } from '../../generated/DailyBars_stats.graphql.ts';
import { durationInWords } from '../../ui/duration.ts';
import { day as dayInWords } from '../../ui/zone.ts';

const fragment = graphql`
  fragment DailyBars_stats on Stats {
    daily {
      day
      executions
      executionDuration
      states {
        state
        executions
      }
    }
  }
`;

/** Families of states, what is bad first: it is at the foot of each bar. */
const families: readonly { readonly family: string; readonly title: string; readonly states: readonly string[] }[] = [
  { family: 'fail', title: 'Failed', states: ['FAILED', 'RETRIED'] },
  { family: 'warn', title: 'Warning', states: ['WARNING'] },
  { family: 'stop', title: 'Stopped', states: ['KILLED', 'KILLING', 'CANCELLED'] },
  {
    family: 'run',
    title: 'Running',
    states: ['RUNNING', 'RETRYING', 'RESTARTED', 'QUEUED', 'CREATED', 'PAUSED', 'BREAKPOINT'],
  },
  { family: 'ok', title: 'Success', states: ['SUCCESS'] },
];
const height = 100;

/** Executions of each day by how they ended. A table with the same numbers is behind it. */
export function DailyBars({ stats: key }: { stats: DailyBars_stats$key }) {
  const { daily } = useFragment(fragment, key);
  const max = Math.max(1, ...daily.map(({ executions }) => executions));
  const days = daily.map(({ day, executions, executionDuration, states }) => {
    const known = new Set(families.flatMap((one) => one.states));
    const counts = families.map(({ family, states: own }) => ({
      family,
      count: states
        .filter(({ state }) => own.includes(state) || (family === 'run' && !known.has(state)))
        .reduce((sum, one) => sum + one.executions, 0),
    }));
    return { day, executions, executionDuration, counts };
  });
  const used = families.filter(({ family }) =>
    days.some(({ counts }) => counts.some((one) => one.family === family && one.count > 0)),
  );
  const first = daily[0];
  const last = daily.at(-1);
  if (!first || !last) return null;
  return (
    <section className="card bars-card gap" aria-label="Executions by day">
      <div className="legend">
        {used.map(({ family, title }) => (
          <span key={family} className={family}>
            <i />
            {title}
          </span>
        ))}
        <span className="quiet">at most {max.toLocaleString()} a day</span>
      </div>
      <div className="bars">
        <svg viewBox={`0 0 ${days.length * 10} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {days.map(({ day, counts }, x) => {
            let foot = height;
            return counts.map(({ family, count }) => {
              const size = (count / max) * height;
              foot -= size;
              return (
                size > 0 && (
                  <rect
                    key={`${day} ${family}`}
                    className={`f-${family}`}
                    x={x * 10 + 1}
                    y={foot}
                    width={8}
                    height={size}
                  />
                )
              );
            });
          })}
        </svg>
        <div className="axis">
          <span>{dayInWords(new Date(first.day))}</span>
          <span>{dayInWords(new Date(last.day))}</span>
        </div>
      </div>
      <details>
        <summary>As a table</summary>
        <div className="gap">
          <table className="data steps">
            <caption className="sr">Executions by day</caption>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col" className="end">
                  Executions
                </th>
                <th scope="col" className="end">
                  Running time
                </th>
                {used.map(({ family, title }) => (
                  <th key={family} scope="col" className="end p2">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map(({ day, executions, executionDuration, counts }) => (
                <tr key={day}>
                  <td>{dayInWords(new Date(day))}</td>
                  <td className="end">{executions.toLocaleString()}</td>
                  <td className="end">{durationInWords(executionDuration)}</td>
                  {used.map(({ family }) => (
                    <td key={family} className="end p2">
                      {counts.find((one) => one.family === family)?.count.toLocaleString()}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
