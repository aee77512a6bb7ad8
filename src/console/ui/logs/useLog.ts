import { useCallback, useEffect, useRef, useState } from 'react';
import { type Fault, faultsIn } from '../../relay/fault.ts';
import type { LogLine } from './line.ts';
import type { LogPage, LogSource } from './source.ts';

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
  /** Where the reader is put, and a number that changes with each jump. */
  readonly place: Place;
}

export interface Place {
  readonly to: 'start' | 'end';
  readonly count: number;
}

interface State extends LogPage {
  readonly of: string;
}

/** Lines that arrive within this time are shown together. */
const pauseMs = 200;

/** The loaded part of a log, and the lines that arrive while it is followed. */
export function useLog(source: LogSource, begin: 'start' | 'end', isLive: boolean): Log {
  const [state, setState] = useState<State>();
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const [place, setPlace] = useState<Place>({ to: begin, count: 0 });
  const busy = useRef(false);
  const known = useRef(new Set<string>());
  const current = useRef(source);
  current.current = source;
  const shown = state?.of === source.key ? state : undefined;

  const load = useCallback(async (read: () => Promise<LogPage>, join: (before: State, page: LogPage) => State) => {
    if (busy.current) return;
    busy.current = true;
    const { key } = current.current;
    try {
      const page = await read();
      if (current.current.key !== key) return;
      const fresh = page.lines.filter((line) => !known.current.has(line.key));
      for (const line of fresh) known.current.add(line.key);
      setState((before) => (before?.of === key ? join(before, { ...page, lines: fresh }) : before));
    } catch (error) {
      setFaults(faultsIn(error));
    } finally {
      busy.current = false;
    }
  }, []);

  const jump = useCallback(
    (to: 'start' | 'end') => {
      const asked = source;
      busy.current = false;
      setFaults([]);
      asked.first(to).then(
        (page) => {
          if (current.current.key !== asked.key) return;
          known.current = new Set(page.lines.map((line) => line.key));
          setState({ ...page, of: asked.key });
          setPlace(({ count }) => ({ to, count: count + 1 }));
        },
        (error: unknown) => setFaults(faultsIn(error)),
      );
    },
    [source],
  );
  useEffect(() => jump(begin), [jump, begin]);

  const isAtEnd = shown !== undefined && shown.later === null;
  const last = useRef<LogLine>(undefined);
  last.current = shown?.lines.at(-1);
  useEffect(() => {
    if (!isLive || !isAtEnd) return undefined;
    let waiting: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const lines = waiting;
      waiting = [];
      setState((before) => (before?.of === source.key ? { ...before, lines: [...before.lines, ...lines] } : before));
    };
    const following = source.follow(last.current, (line) => {
      if (known.current.has(line.key)) return;
      known.current.add(line.key);
      waiting.push(line);
      timer ??= setTimeout(flush, pauseMs);
    });
    return () => {
      following.dispose();
      clearTimeout(timer);
      if (waiting.length > 0) flush();
    };
  }, [source, isLive, isAtEnd]);

  const { earlier = null, later = null } = shown ?? {};
  const loadEarlier = useCallback(() => {
    if (earlier === null) return;
    void load(
      () => source.earlier(earlier),
      (before, page) => ({ ...before, lines: [...page.lines, ...before.lines], earlier: page.earlier }),
    );
  }, [load, source, earlier]);
  const loadLater = useCallback(() => {
    if (later === null) return;
    void load(
      () => source.later(later),
      (before, page) => ({ ...before, lines: [...before.lines, ...page.lines], later: page.later }),
    );
  }, [load, source, later]);

  return {
    lines: shown?.lines ?? [],
    isLoading: shown === undefined && faults.length === 0,
    isAtStart: shown !== undefined && earlier === null,
    isAtEnd,
    faults,
    loadEarlier,
    loadLater,
    jump,
    place,
  };
}
