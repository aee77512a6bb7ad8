import { useCallback, useEffect, useRef, useState } from 'react';
import { type Fault, faultsIn } from '../../relay/fault.ts';
import type { LogLine } from './line.ts';
import { begin, type Loaded, maxFollowed, withEarlier, withFollowed, withLater } from './pages.ts';
import type { LogPage, LogSource } from './source.ts';

/** Where the reader is put, and a number that changes with each jump. */
export interface Place {
  readonly to: 'start' | 'end';
  readonly count: number;
}

export interface Log {
  readonly lines: readonly LogLine[];
  /** True until the first page is here. */
  readonly isLoading: boolean;
  readonly isAtStart: boolean;
  readonly isAtEnd: boolean;
  readonly faults: readonly Fault[];
  readonly loadEarlier: () => void;
  readonly loadLater: () => void;
  readonly jump: (to: 'start' | 'end') => void;
  readonly place: Place;
}

/** Lines that arrive within this time are shown together. */
const pauseMs = 200;

/** The loaded part of a log, and the lines that arrive while it is followed. The source must not change. */
export function useLog(source: LogSource, from: 'start' | 'end', isLive: boolean): Log {
  const [loaded, setLoaded] = useState<Loaded>();
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const [place, setPlace] = useState<Place>({ to: from, count: 0 });
  const shown = useRef(loaded);
  shown.current = loaded;
  const isBusy = useRef(false);

  const load = useCallback(async (read: () => Promise<LogPage>, join: (page: LogPage) => Loaded) => {
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      const page = await read();
      setLoaded(join(page));
    } catch (error) {
      setFaults(faultsIn(error));
    } finally {
      isBusy.current = false;
    }
  }, []);

  const jump = useCallback(
    (to: 'start' | 'end') => {
      setFaults([]);
      void load(
        () => source.first(to),
        (page) => {
          setPlace(({ count }) => ({ to, count: count + 1 }));
          return begin(page);
        },
      );
    },
    [load, source],
  );
  useEffect(() => jump(from), [jump, from]);

  const isAtEnd = loaded !== undefined && !loaded.hasLater;
  useEffect(() => {
    if (!isLive || !isAtEnd) return undefined;
    let waiting: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let count = 0;
    const known = new Set(shown.current?.lines.map(({ key }) => key));
    const flush = () => {
      timer = undefined;
      const lines = waiting;
      waiting = [];
      count += lines.length;
      if (count > maxFollowed) {
        count = 0;
        return jump('end');
      }
      setLoaded((before) => before && withFollowed(before, lines));
    };
    const following = source.follow(shown.current?.lines.at(-1), (line) => {
      if (known.has(line.key)) return;
      known.add(line.key);
      waiting.push(line);
      timer ??= setTimeout(flush, pauseMs);
    });
    return () => {
      following.dispose();
      clearTimeout(timer);
    };
  }, [source, isLive, isAtEnd, jump]);

  const loadEarlier = useCallback(() => {
    const start = shown.current?.pages[0]?.start;
    if (!shown.current?.hasEarlier || start == null) return;
    void load(
      () => source.earlier(start),
      (page) => withEarlier(shown.current!, page),
    );
  }, [load, source]);
  const loadLater = useCallback(() => {
    const end = shown.current?.pages.at(-1)?.end;
    if (!shown.current?.hasLater || end == null) return;
    void load(
      () => source.later(end),
      (page) => withLater(shown.current!, page),
    );
  }, [load, source]);

  return {
    lines: loaded?.lines ?? [],
    isLoading: loaded === undefined && faults.length === 0,
    isAtStart: loaded !== undefined && !loaded.hasEarlier,
    isAtEnd,
    faults,
    loadEarlier,
    loadLater,
    jump,
    place,
  };
}
