import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
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
  useKeptPlace(box, lines);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only where the reader begins
  useLayoutEffect(() => {
    if (begin === 'end' && lines.length > 0) list.scrollToIndex(lines.length - 1, { align: 'end' });
  }, []);
  const count = lines.length;
  useEffect(() => {
    if (isFollowing && count > 0) list.scrollToIndex(count - 1, { align: 'end' });
  }, [isFollowing, count, list]);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    const below = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < edge) onReachStart?.();
    if (below < edge) onReachEnd?.();
  };
  useEffect(() => {
    // A page that does not fill the box asks for the next one.
    if (count > 0 && box.current && box.current.scrollHeight <= box.current.clientHeight) onReachEnd?.();
  }, [count, onReachEnd]);
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

/** Lines that are loaded above the ones in view do not move them. */
function useKeptPlace(box: { readonly current: HTMLElement | null }, lines: readonly LogLine[]): void {
  const first = useRef<string>(undefined);
  useLayoutEffect(() => {
    const former = first.current;
    first.current = lines[0]?.key;
    if (former === undefined || former === first.current || !box.current) return;
    const added = lines.findIndex(({ key }) => key === former);
    if (added > 0) box.current.scrollTop += added * rowHeight;
  }, [lines, box]);
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
