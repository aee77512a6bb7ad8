import { useMemo, useState } from 'react';
import { graphql, useSubscription } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { NewEventsSubscription } from '../../generated/NewEventsSubscription.graphql.ts';
import { refresh } from '../../relay/refresh.ts';
import { Icon } from '../../ui/Icon.tsx';

const subscription = graphql`
  subscription NewEventsSubscription($tenant: String!, $where: AuditEventWhere, $after: String) {
    auditEvents(tenantKey: $tenant, where: $where, after: $after) {
      event {
        id
        kind
        resource
        actorName
      }
    }
  }
`;

export interface NewEventsProps {
  readonly tenant: string;
  readonly where: object;
  /** Where the list ends, so that no event between it and the subscription is missed. */
  readonly after: string | null | undefined;
}

/** Announces events that were recorded meanwhile, instead of moving what the reader looks at. */
export function NewEvents({ tenant, where, after }: NewEventsProps) {
  const { name } = useViewer();
  const [count, setCount] = useState(0);
  const filter = JSON.stringify(where);
  const config = useMemo(
    () => ({
      subscription,
      variables: { tenant, where: JSON.parse(filter) as object, after: after ?? null },
      // Without an updater, the answer only counts.
      onNext: (answer: NewEventsSubscription['response'] | null | undefined) => {
        const event = answer?.auditEvents.event;
        // To read the log is an event of its own.
        const isOwnRead = event?.kind === 'READ' && event.resource === 'AUDITLOG' && event.actorName === name;
        if (event && !isOwnRead) setCount((before) => before + 1);
      },
      onError: () => undefined,
    }),
    [tenant, filter, after, name],
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
