import { type ReactNode, useState } from 'react';
import { Empty } from '../Empty.tsx';
import { Faults } from '../Faults.tsx';
import { Icon } from '../Icon.tsx';
import { Skeleton } from '../Skeleton.tsx';
import { toast } from '../toast.ts';
import { LogLines } from './LogLines.tsx';
import { textOfLine } from './line.ts';
import type { LogSource } from './source.ts';
import { useLog } from './useLog.ts';

export interface LogViewProps {
  readonly label: string;
  readonly source: LogSource;
  /** Where the reader begins. */
  readonly begin: 'start' | 'end';
  /** False if nothing is written any more. */
  readonly canGrow: boolean;
  /** The tenant, if each line names its execution. */
  readonly tenant?: string;
  readonly marked?: string | undefined;
  readonly isFiltered: boolean;
  /** What the page is for, while there is no line. */
  readonly purpose: string;
  readonly tools?: ReactNode;
}

/** A log: it loads as one scrolls, and follows what is written. */
export function LogView(props: LogViewProps) {
  const { label, source, begin, canGrow, tenant, marked, isFiltered, purpose, tools } = props;
  const [isFollowing, setIsFollowing] = useState(canGrow && begin === 'end');
  // What ends while it is read is followed to its last line, and the reader stays where they are.
  const [from] = useState(begin);
  const [couldGrow] = useState(canGrow);
  const log = useLog(source, from, canGrow || couldGrow);
  const { lines, isLoading, isAtStart, isAtEnd, faults } = log;
  const copy = async () => {
    await navigator.clipboard.writeText(lines.map(textOfLine).join('\n'));
    toast('Copied', `${lines.length.toLocaleString()} lines`);
  };
  const goTo = (to: 'start' | 'end') => {
    setIsFollowing(to === 'end');
    log.jump(to);
  };
  return (
    <>
      <Faults faults={faults} />
      {isLoading ? (
        <Skeleton />
      ) : lines.length === 0 && faults.length === 0 ? (
        <Empty icon="logs" title={isFiltered ? 'No line matches' : 'No line yet'}>
          <p>{isFiltered ? 'Remove a filter, or choose a longer time.' : purpose}</p>
        </Empty>
      ) : (
        <LogLines
          key={log.place.count}
          begin={log.place.to}
          label={label}
          lines={lines}
          tenant={tenant}
          marked={marked}
          isFollowing={isFollowing && isAtEnd}
          onLeaveEnd={() => setIsFollowing(false)}
          onReachStart={log.loadEarlier}
          onReachEnd={log.loadLater}
        />
      )}
      <div className="log-foot">
        <span role="status">
          {lines.length.toLocaleString()} {lines.length === 1 ? 'line' : 'lines'}
          {!(isAtStart && isAtEnd) && ' loaded'}
        </span>
        <span className="grow" />
        {canGrow && isAtEnd && (
          <button
            type="button"
            className="btn sm"
            aria-pressed={isFollowing}
            onClick={() => setIsFollowing(!isFollowing)}
          >
            <Icon name={isFollowing ? 'live' : 'pause'} />
            {isFollowing ? 'Following' : 'Follow'}
          </button>
        )}
        <button type="button" className="btn sm" onClick={() => goTo('start')}>
          To the start
        </button>
        <button type="button" className="btn sm" onClick={() => goTo('end')}>
          To the end
        </button>
        <button type="button" className="btn sm" onClick={() => void copy()}>
          <Icon name="copy" />
          Copy
        </button>
        {tools}
      </div>
    </>
  );
}
