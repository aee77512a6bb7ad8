import { useMemo, useState } from 'react';
import { graphql, useSubscription } from 'react-relay/hooks';
import type { NewEventsSubscription } from '../../generated/NewEventsSubscription.graphql.ts';
import { refresh } from '../../relay/refresh.ts';
import { Icon } from '../../ui/Icon.tsx';

const subscription = graphql`
  subscription NewEventsSubscription($tenant: String!, $where: AuditEventWhere) {
    auditEvents(tenantKey: $tenant, where: $where) {
      event {
        id
      }
    }
  }
`;

export interface NewEventsProps {
  readonly tenant: string;
  readonly where: object;
}

/** Announces events that were recorded meanwhile, instead of moving what the reader looks at. */
export function NewEvents({ tenant, where }: NewEventsProps) {
  const [count, setCount] = useState(0);
  const filter = JSON.stringify(where);
  const config = useMemo(
    () => ({
      subscription,
      variables: { tenant, where: JSON.parse(filter) as object },
      // Without an updater, the answer only counts.
      onNext: (answer: NewEventsSubscription['response'] | null | undefined) => {
        if (answer?.auditEvents.event) setCount((before) => before + 1);
      },
      onError: () => undefined,
    }),
    [tenant, filter],
  );
  useSubscription<NewEventsSubscription>(config);
  const show = () => {
    setCount(0);
    refresh();
  };
  return (
    <div className="new-pill" role="status">
      {count > 0 && (
        <button type="button" onClick={show}>
          <Icon name="up" />
          {count === 1 ? '1 new event' : `${count} new events`}
        </button>
      )}
    </div>
  );
}
