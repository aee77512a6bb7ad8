/** The zone in which times are shown; undefined for that of the browser. */
let zone: string | undefined;

export function setZone(name: string | undefined): void {
  if (name === zone) return;
  zone = name;
  formats = formatsOf(zone);
}

/** The name of the zone in which times are shown. */
export const zoneName = (): string => zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

const formatsOf = (timeZone: string | undefined) => ({
  clock: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone }),
  day: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', timeZone }),
  minute: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone }),
  precise: new Intl.DateTimeFormat(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
    timeZone,
  }),
  date: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone }),
});
let formats = formatsOf(undefined);

export const clock = (date: Date): string => formats.clock.format(date);
export const day = (date: Date): string => formats.day.format(date);
/** Without seconds. */
export const minute = (date: Date): string => formats.minute.format(date);
/** Without the year. */
export const dayOfYear = (date: Date): string => formats.date.format(date);
/** With milliseconds, in 24 hours. */
export const precise = (date: Date): string => formats.precise.format(date);
