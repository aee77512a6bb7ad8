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
  readonly where: { readonly state?: readonly string[] };
  /** IDs of the rows that the page shows. */
  readonly known: ReadonlySet<string>;
  /** True on the first page: elsewhere, new executions are not part of what is shown. */
  readonly countsNew: boolean;
}

interface News {
  readonly fresh: ReadonlySet<string>;
  /** Listed ones that were deleted, or that the filters do not match any more. */
  readonly gone: ReadonlySet<string>;
}

const nothing: News = { fresh: new Set(), gone: new Set() };

const withId = (ids: ReadonlySet<string>, id: string, isIn: boolean): ReadonlySet<string> => {
  const next = new Set(ids);
  if (isIn) next.add(id);
  else next.delete(id);
  return next;
};

const inWords = (fresh: number, gone: number): string =>
  [
    fresh > 0 && (fresh === 1 ? '1 new execution' : `${fresh} new executions`),
    gone > 0 && `${gone} no longer ${gone === 1 ? 'matches' : 'match'}`,
  ]
    .filter(Boolean)
    .join(', ');

/** Rows change in place. What comes and goes is announced, instead of moving what the reader looks at. */
export function LiveExecutions({ tenant, where, known, countsNew }: LiveExecutionsProps) {
  const [{ fresh, gone }, setNews] = useState(nothing);
  const shown = useRef(known);
  useEffect(() => {
    shown.current = known;
    setNews((before) => ({
      fresh: new Set([...before.fresh].filter((id) => !known.has(id))),
      gone: new Set([...before.gone].filter((id) => known.has(id))),
    }));
  }, [known]);
  // The stream does not say that a row leaves a filter which it has not sent. So states are compared here.
  const { state, ...others } = where;
  const filter = JSON.stringify(others);
  const states = state?.join();
  const config = useMemo(
    () => ({
      subscription,
      variables: { tenant, where: JSON.parse(filter) as object },
      // A change of a listed execution is in the store already, and its row shows it.
      onNext: (answer: LiveExecutionsSubscription['response'] | null | undefined) => {
        const change = answer?.executions;
        if (!change) return;
        const isRemoved =
          change.execution == null || (states !== undefined && !states.split(',').includes(change.execution.state));
        const isListed = shown.current.has(change.id);
        setNews((before) =>
          isListed
            ? { ...before, gone: withId(before.gone, change.id, isRemoved) }
            : { ...before, fresh: withId(before.fresh, change.id, !isRemoved) },
        );
      },
      onError: () => undefined,
    }),
    [tenant, filter, states],
  );
  useSubscription<LiveExecutionsSubscription>(config);
  const count = countsNew ? fresh.size : 0;
  const show = () => {
    setNews(nothing);
    refresh();
  };
  return (
    <div className="new-pill" role="status">
      {count + gone.size > 0 && (
        <button type="button" onClick={show}>
          <Icon name={count > 0 ? 'up' : 'restart'} />
          {inWords(count, gone.size)}
        </button>
      )}
    </div>
  );
}
