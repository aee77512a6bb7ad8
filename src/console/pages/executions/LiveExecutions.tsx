import { useEffect, useMemo, useRef, useState } from 'react';
import { graphql, useSubscription } from 'react-relay/hooks';
import type { LiveExecutionsSubscription } from '../../generated/LiveExecutionsSubscription.graphql.ts';
import { refresh } from '../../relay/refresh.ts';
import { Icon } from '../../ui/Icon.tsx';

const subscription = graphql`
  subscription LiveExecutionsSubscription($tenant: String!, $where: ExecutionWhere) {
    executions(tenantKey: $tenant, where: $where) {
      id
      kind
      execution {
        id
        ...columns_execution @relay(mask: false)
      }
    }
  }
`;

export interface LiveExecutionsProps {
  readonly tenant: string;
  readonly where: object;
  /** IDs of the rows that the page shows. */
  readonly known: ReadonlySet<string>;
  /** True on the first page: elsewhere, new executions are not part of what is shown. */
  readonly countsNew: boolean;
}

/** Rows change in place. New executions are announced, instead of moving what the reader looks at. */
export function LiveExecutions({ tenant, where, known, countsNew }: LiveExecutionsProps) {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const shown = useRef(known);
  useEffect(() => {
    shown.current = known;
    setFresh((before) => new Set([...before].filter((id) => !known.has(id))));
  }, [known]);
  const filter = JSON.stringify(where);
  const config = useMemo(
    () => ({
      subscription,
      variables: { tenant, where: JSON.parse(filter) as object },
      // A change of a listed execution is in the store already, and its row shows it.
      onNext: (answer: LiveExecutionsSubscription['response'] | null | undefined) => {
        const change = answer?.executions;
        if (!change || shown.current.has(change.id)) return;
        setFresh((before) => {
          const next = new Set(before);
          if (change.kind === 'REMOVED') next.delete(change.id);
          else next.add(change.id);
          return next;
        });
      },
      onError: () => undefined,
    }),
    [tenant, filter],
  );
  useSubscription<LiveExecutionsSubscription>(config);
  const count = countsNew ? fresh.size : 0;
  const show = () => {
    setFresh(new Set());
    refresh();
  };
  return (
    <div className="new-pill" role="status">
      {count > 0 && (
        <button type="button" onClick={show}>
          <Icon name="up" />
          {count === 1 ? '1 new execution' : `${count} new executions`}
        </button>
      )}
    </div>
  );
}
