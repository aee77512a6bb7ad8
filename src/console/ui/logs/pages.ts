import type { LogLine } from './line.ts';
import type { LogPage } from './source.ts';

/** The loaded part of a log: some pages in a row. */
export interface Loaded {
  readonly pages: readonly LogPage[];
  /** All lines of the pages. */
  readonly lines: readonly LogLine[];
  readonly hasEarlier: boolean;
  readonly hasLater: boolean;
}

/** At most this many pages are kept: what is far from the reader is loaded again when they come back. */
const maxPages = 30;
/** After this many followed lines, the end is loaded again, as followed lines have no cursor. */
export const maxFollowed = 4_000;

const of = (pages: readonly LogPage[], hasEarlier: boolean, hasLater: boolean): Loaded => ({
  pages,
  lines: pages.flatMap(({ lines }) => lines),
  hasEarlier,
  hasLater,
});

export const begin = (page: LogPage): Loaded => of([page], page.hasEarlier, page.hasLater);

export function withEarlier(before: Loaded, page: LogPage): Loaded {
  const pages = [page, ...before.pages];
  const kept = pages.slice(0, maxPages);
  return of(kept, page.hasEarlier, before.hasLater || kept.length < pages.length);
}

export function withLater(before: Loaded, page: LogPage): Loaded {
  const pages = [...before.pages, page];
  const kept = pages.slice(-maxPages);
  return of(kept, before.hasEarlier || kept.length < pages.length, page.hasLater);
}

/** Adds followed lines to the last page. */
export function withFollowed(before: Loaded, lines: readonly LogLine[]): Loaded {
  const last = before.pages.at(-1);
  if (!last) return before;
  const pages = [...before.pages.slice(0, -1), { ...last, lines: [...last.lines, ...lines] }];
  return { ...before, pages, lines: [...before.lines, ...lines] };
}
