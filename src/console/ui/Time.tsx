const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

const utc = (date: Date): string => `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const isToday = (date: Date): boolean => date.toDateString() === new Date().toDateString();

/** A time in the zone of the browser, with UTC on hover: the clock if it is today, else the day. */
export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={`${day.format(date)}, ${clock.format(date)} (${utc(date)})`}>
      {isToday(date) ? clock.format(date) : day.format(date)}
    </time>
  );
}
