/** The zone in which times are shown; undefined for that of the browser. */
let zone: string | undefined;

export function setZone(name: string | undefined): void {
  if (name === zone) return;
  zone = name;
  formats = formatsOf(zone);
}

const formatsOf = (timeZone: string | undefined) => ({
  clock: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone }),
  day: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', timeZone }),
});
let formats = formatsOf(undefined);

export const clock = (date: Date): string => formats.clock.format(date);
export const day = (date: Date): string => formats.day.format(date);
