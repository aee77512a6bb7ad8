import { Ago } from '../../ui/Time.tsx';
import { clock, day } from '../../ui/zone.ts';

export interface DatesProps {
  readonly title: string;
  readonly dates: readonly string[];
  readonly hasMore: boolean;
}

/** Dates of a schedule by day, in the zone of the viewer. */
export function Dates({ title, dates, hasMore }: DatesProps) {
  const byDay = Map.groupBy(dates, (at) => day(new Date(at)));
  return (
    <section aria-label={title}>
      <div className="section">
        <h2>{title}</h2>
        <span className="count">
          {dates.length.toLocaleString()}
          {hasMore && '+'}
        </span>
      </div>
      {dates.length === 0 ? (
        <p className="quiet">None.</p>
      ) : (
        <ol className="card list dates">
          {[...byDay].map(([title, times]) => (
            <li key={title}>
              <b>{title}</b>
              <span className="tag-list grow">
                {times.map((at) => (
                  <time key={at} className="badge" dateTime={at} title={at}>
                    {clock(new Date(at))}
                  </time>
                ))}
              </span>
              <span className="quiet p2">
                <Ago at={times[0]!} />
              </span>
            </li>
          ))}
        </ol>
      )}
      {hasMore && <p className="quiet">And more.</p>}
    </section>
  );
}
