import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { scaleLinear } from 'd3-scale';
import { useMemo, useRef, useState } from 'react';
import { shortDuration } from '../../duration.ts';
import { Icon } from '../../Icon.tsx';
import { lookOf } from '../../state.ts';
import { useSecond } from '../../useSecond.ts';
import { isActive, type Row, type Run, rowsOf, type Sort, sorts, spanOf } from './runs.ts';
import './gantt.css';

export interface GanttProps {
  readonly runs: readonly Run[];
  readonly isComplete: boolean;
  /** True in a panel, where there is less room. */
  readonly isSmall?: boolean;
  /** The part of the address that opens a task run. */
  readonly searchOf?: ((run: Run) => object) | undefined;
  /** taskRunId of the open one. */
  readonly open?: string | undefined;
}

const rowHeight = 28;
const maxRows = 20;

/** The runs of tasks over time: each state in its colour, each attempt a bar, the ones below a task indented. */
export function Gantt({ runs, isComplete, isSmall = false, searchOf, open }: GanttProps) {
  const [sort, setSort] = useState<Sort>('start');
  const [isFailedOnly, setIsFailedOnly] = useState(false);
  const now = useSecond(runs.some(isActive));
  const rows = useMemo(() => rowsOf(runs, sort, isFailedOnly, now), [runs, sort, isFailedOnly, now]);
  const [from, until] = useMemo(() => spanOf(rows), [rows]);
  const [view, setView] = useState<readonly [number, number]>([0, 1]);
  const [left, right] = view;
  const zoom = (factor: number) => {
    const size = Math.min(1, Math.max(0.001, (right - left) * factor));
    const start = Math.min(1 - size, Math.max(0, (left + right) / 2 - size / 2));
    setView([start, start + size]);
  };
  const move = (part: number) => {
    const size = right - left;
    const start = Math.min(1 - size, Math.max(0, left + size * part));
    setView([start, start + size]);
  };
  const x = scaleLinear()
    .domain([from + (until - from) * left, from + (until - from) * right])
    .range([0, 100]);
  return (
    <section aria-label="Task runs over time">
      <div className="row gantt-tools">
        <button
          type="button"
          className={`chip ${isFailedOnly ? 'on' : ''}`}
          aria-pressed={isFailedOnly}
          onClick={() => setIsFailedOnly(!isFailedOnly)}
        >
          Failed only
        </button>
        <label className="chip select-chip">
          <span>Sort</span>
          <select value={sort} onChange={({ target }) => setSort(target.value as Sort)}>
            {Object.entries(sorts).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
          <Icon name="down" />
        </label>
        <span className="grow" />
        {!isComplete && (
          <span className="quiet" role="status">
            {runs.length.toLocaleString()} so far…
          </span>
        )}
        {right - left < 1 && (
          <>
            <ToolButton label="Earlier" icon="chevron" className="turned" onPress={() => move(-0.5)} />
            <ToolButton label="Later" icon="chevron" onPress={() => move(0.5)} />
            <button type="button" className="btn sm" onClick={() => setView([0, 1])}>
              Show all
            </button>
          </>
        )}
        <ToolButton label="Zoom out" icon="minus" onPress={() => zoom(2)} />
        <ToolButton label="Zoom in" icon="plus" onPress={() => zoom(0.5)} />
      </div>
      <div className={`gantt ${isSmall ? 'small' : ''}`}>
        <div className="gantt-axis" aria-hidden="true">
          <span>Task</span>
          <span className="ticks">
            {[0, 1, 2, 3].map((i) => (
              <span key={i}>{shortDuration((x.invert(i * 25) - from) / 1_000)}</span>
            ))}
          </span>
          <span className="end">Took</span>
        </div>
        {rows.length === 0 ? (
          <p className="quiet gantt-empty">
            {!isComplete ? 'Loading…' : isFailedOnly ? 'No task failed.' : 'No task has started yet.'}
          </p>
        ) : (
          <Rows rows={rows} x={x} searchOf={searchOf} open={open} isSmall={isSmall} />
        )}
      </div>
    </section>
  );
}

interface RowsProps extends Pick<GanttProps, 'searchOf' | 'open'> {
  readonly rows: readonly Row[];
  readonly x: (time: number) => number;
  readonly isSmall: boolean;
}

/** Only the rows in view are in the page, so that thousands do not stop it. */
function Rows({ rows, x, searchOf, open, isSmall }: RowsProps) {
  const box = useRef<HTMLElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const shown = isSmall ? Math.min(rows.length, maxRows) : rows.length;
  return (
    <section
      ref={box}
      className="gantt-box"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
      tabIndex={0}
      aria-label="Task runs"
      style={{ maxHeight: isSmall ? shown * rowHeight + 2 : undefined }}
    >
      <ol style={{ height: list.getTotalSize() }} aria-label={`${rows.length.toLocaleString()} task runs`}>
        {list.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          return (
            row && (
              <li
                key={row.run.id}
                className={row.run.taskRunId === open ? 'current' : undefined}
                style={{ transform: `translateY(${start}px)` }}
                aria-setsize={rows.length}
                aria-posinset={index + 1}
              >
                <Name row={row} searchOf={searchOf} />
                <Bars row={row} x={x} />
                <span className="time">{shortDuration((row.until - row.from) / 1_000)}</span>
              </li>
            )
          );
        })}
      </ol>
    </section>
  );
}

function Name({ row: { run, depth, attempts }, searchOf }: { row: Row } & Pick<GanttProps, 'searchOf'>) {
  const { title, icon, family } = lookOf(run.state);
  const name = run.value == null ? run.taskId : `${run.taskId} [${run.value}]`;
  return (
    <span className={`name l${Math.min(5, depth)}`}>
      <span className={family}>
        <Icon name={icon} className={run.state === 'RUNNING' ? 'spin' : ''} />
        <span className="sr">{title}</span>
      </span>
      {searchOf ? (
        <Link
          className="cut"
          to="."
          search={((before: object) => ({ ...before, ...searchOf(run) })) as never}
          resetScroll={false}
          title={name}
        >
          {name}
        </Link>
      ) : (
        <span className="cut" title={name}>
          {name}
        </span>
      )}
      {attempts > 1 && <small className="quiet nowrap">×{attempts}</small>}
    </span>
  );
}

function Bars({ row, x }: { row: Row; x: (time: number) => number }) {
  return (
    <svg className="bar" aria-hidden="true">
      {[25, 50, 75].map((at) => (
        <line key={at} className="tick" x1={`${at}%`} x2={`${at}%`} y1={0} y2={rowHeight} />
      ))}
      {row.bars.map((bar) => {
        const from = Math.max(0, x(bar.from));
        const width = Math.min(100, x(bar.until)) - from;
        if (from > 100 || x(bar.until) < 0) return null;
        const { title, family } = lookOf(bar.state);
        const isThin = family === 'idle' || bar.state === 'RETRYING';
        return (
          <rect
            key={`${bar.from} ${bar.state}`}
            className={`f-${family}`}
            x={`${Math.min(99.3, from)}%`}
            y={isThin ? 12 : 9}
            width={`${Math.max(0.7, width)}%`}
            height={isThin ? 4 : 10}
            rx={2}
          >
            <title>{`${title}, ${shortDuration((bar.until - bar.from) / 1_000)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

interface ToolButtonProps {
  readonly label: string;
  readonly icon: 'chevron' | 'plus' | 'minus';
  readonly className?: string;
  readonly onPress: () => void;
}

const ToolButton = ({ label, icon, className = '', onPress }: ToolButtonProps) => (
  <button type="button" className={`btn plain icon sm ${className}`} aria-label={label} title={label} onClick={onPress}>
    <Icon name={icon} />
  </button>
);
