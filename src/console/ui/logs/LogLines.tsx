import { Link } from '@tanstack/react-router';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { clock, day, dayOfYear, precise } from '../zone.ts';
import type { LogLine } from './line.ts';
import './logs.css';

export interface LogLinesProps {
  /** What the lines are of, for screen readers. */
  readonly label: string;
  /** In order of time. */
  readonly lines: readonly LogLine[];
  /** The tenant, if each line names its execution. */
  readonly tenant?: string | undefined;
  /** A text that is marked in the lines. */
  readonly marked?: string | undefined;
  /** The end at which the reader begins. */
  readonly begin?: 'start' | 'end';
  /** True while the newest line stays in view. It ends when the reader scrolls up. */
  readonly isFollowing?: boolean;
  readonly onLeaveEnd?: (() => void) | undefined;
  readonly onReachStart?: (() => void) | undefined;
  readonly onReachEnd?: (() => void) | undefined;
}

const rowHeight = 24;
/** Distance from an edge at which the next lines are loaded, so that they are here before the reader is. */
const edge = 1_500;

/** Lines of a log. Only those in view are in the page, so a million of them do not stop it. */
export function LogLines(props: LogLinesProps) {
  const {
    label,
    lines,
    tenant,
    marked,
    begin = 'start',
    isFollowing = false,
    onLeaveEnd,
    onReachStart,
    onReachEnd,
  } = props;
  const box = useRef<HTMLElement>(null);
  const list = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 20,
    getItemKey: (i) => lines[i]?.key ?? i,
  });
  const keepPlace = useKeptPlace(box, list, lines);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only where the reader begins
  useLayoutEffect(() => {
    if (begin === 'end' && lines.length > 0) list.scrollToIndex(lines.length - 1, { align: 'end' });
  }, []);
  const count = lines.length;
  useEffect(() => {
    if (isFollowing && count > 0) list.scrollToIndex(count - 1, { align: 'end' });
  }, [isFollowing, count, list]);
  const scrolled = () => {
    keepPlace();
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    const below = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < edge) onReachStart?.();
    if (below < edge) onReachEnd?.();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines can leave the reader near an end
  useEffect(() => {
    if (box.current) scrolled();
  }, [lines]);
  return (
    <section
      ref={box}
      className="log-box"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
      tabIndex={0}
      onScroll={scrolled}
      onWheel={(event) => event.deltaY < 0 && onLeaveEnd?.()}
      onKeyDown={(event) => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && onLeaveEnd?.()}
      onTouchMove={() => onLeaveEnd?.()}
    >
      <div className="log-lines" style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, key, start }) => {
          const line = lines[index];
          return (
            line && (
              <div
                key={key}
                ref={list.measureElement}
                data-index={index}
                className={`log-line ${line.level.toLowerCase()}`}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Line line={line} tenant={tenant} marked={marked} />
              </div>
            )
          );
        })}
      </div>
    </section>
  );
}

/** Lines that are loaded or removed above the ones in view do not move them. @returns a function to call on each scroll. */
function useKeptPlace(
  box: { readonly current: HTMLElement | null },
  list: Virtualizer<HTMLElement, Element>,
  lines: readonly LogLine[],
): () => void {
  const first = useRef<string>(undefined);
  const anchor = useRef<{ readonly key: unknown; readonly above: number }>(undefined);
  const keep = () => {
    const top = box.current?.scrollTop ?? 0;
    const item = list.getVirtualItemForOffset(top);
    anchor.current = item && { key: item.key, above: top - item.start };
  };
  useLayoutEffect(() => {
    const former = first.current;
    first.current = lines[0]?.key;
    if (former === undefined || former === first.current || !box.current || !anchor.current) return;
    const { key, above } = anchor.current;
    const start = list.measurementsCache[lines.findIndex((line) => line.key === key)]?.start;
    if (start !== undefined) box.current.scrollTop = start + above;
  }, [lines, list, box]);
  return keep;
}

interface LineProps {
  readonly line: LogLine;
  readonly tenant: string | undefined;
  readonly marked: string | undefined;
}

function Line({ line, tenant, marked }: LineProps) {
  const date = new Date(line.at);
  return (
    <>
      <time dateTime={line.at} title={`${day(date)}, ${clock(date)} (${line.at})`}>
        {day(date) === day(new Date()) ? '' : `${dayOfYear(date)} `}
        {precise(date)}
      </time>
      <b>{line.level}</b>
      {tenant !== undefined && line.executionId !== undefined && (
        <Link
          className="log-source cut"
          to={'/t/$tenant/executions/$execution' as '/t/$tenant/users'}
          params={{ tenant, execution: line.executionId } as never}
          search={{ tab: 'logs' } as never}
          title={`${line.namespaceName} · ${line.flowId} · ${line.executionId}`}
        >
          {line.flowId}
        </Link>
      )}
      {line.taskId && (
        <span className="log-task cut" title={line.taskId}>
          {line.taskId}
        </span>
      )}
      <span className="log-message">{marked ? markedIn(line.message, marked) : line.message}</span>
    </>
  );
}

/** The text with each place of a word marked, in any case. */
function markedIn(text: string, word: string): ReactNode {
  const parts: ReactNode[] = [];
  const lower = text.toLowerCase();
  const sought = word.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(sought); at >= 0; at = lower.indexOf(sought, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + word.length)}</mark>);
    from = at + word.length;
  }
  return [...parts, text.slice(from)];
}
