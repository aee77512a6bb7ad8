import { Suspense, useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import type { Activity_row$key } from '../../generated/Activity_row.graphql.ts';
import type { ActivityQuery } from '../../generated/ActivityQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../Empty.tsx';
import { Icon } from '../Icon.tsx';
import { Skeleton } from '../Skeleton.tsx';
import { Time } from '../Time.tsx';
import { Who } from '../Who.tsx';
import { EventDetail } from './EventDetail.tsx';
import { Outcome } from './Outcome.tsx';

const query = graphql`
  query ActivityQuery($tenant: String!, $where: AuditEventWhere!, $atInstance: Boolean!) {
    tenant(key: $tenant) {
      auditEvents(first: 30, where: $where) {
        nodes {
          id
          at
          ...Activity_row
          ...EventDetail_event
        }
      }
    }
    instance: auditEvents(first: 30, where: $where) @include(if: $atInstance) {
      nodes {
        id
        at
        ...Activity_row
        ...EventDetail_event
      }
    }
  }
`;

const row = graphql`
  fragment Activity_row on AuditEvent {
    at
    action
    outcome
    actorKind
    actorName
    reason
  }
`;

export interface ActivityProps {
  readonly tenant: string;
  /** ID of the object. */
  readonly object: string;
  /** True if the object is of the instance, so that its events are in the log of the instance too. */
  readonly atInstance?: boolean;
  /** True if the object can act, so that there are events by it too. */
  readonly canAct?: boolean;
}

/** The newest events about an object, or by it, each with its changes, and undo. */
export function Activity({ canAct = false, ...props }: ActivityProps) {
  const [isBy, setIsBy] = useState(false);
  return (
    <>
      {canAct && (
        <div className="tools start">
          <fieldset className="segments" aria-label="Which events">
            <button type="button" className="btn sm" aria-pressed={!isBy} onClick={() => setIsBy(false)}>
              About this account
            </button>
            <button type="button" className="btn sm" aria-pressed={isBy} onClick={() => setIsBy(true)}>
              By this account
            </button>
          </fieldset>
        </div>
      )}
      <Suspense fallback={<Skeleton />}>
        <Events {...props} isBy={isBy} />
      </Suspense>
    </>
  );
}

function Events({ tenant: key, object, atInstance = false, isBy }: ActivityProps & { readonly isBy: boolean }) {
  const where = isBy ? { actor: object } : { object };
  const { tenant, instance } = useAnswer<ActivityQuery>(query, { tenant: key, where, atInstance });
  const [open, setOpen] = useState<string>();
  const lists = [tenant?.auditEvents, instance].filter((one) => one != null);
  if (lists.length === 0) return <Empty icon="audit" title="You do not have permission to see the audit log" />;
  const events = lists.flatMap(({ nodes }) => nodes).sort((a, b) => (a.at < b.at ? 1 : -1));
  if (events.length === 0)
    return (
      <Empty icon="audit" title="Nothing recorded yet">
        <p>{isBy ? 'What it changes is recorded here.' : 'Every change of it is recorded here, with its reason.'}</p>
      </Empty>
    );
  return (
    <ol className="activity">
      {events.map((event) => (
        <li key={event.id}>
          <button
            type="button"
            className="activity-row"
            aria-expanded={open === event.id}
            onClick={() => setOpen(open === event.id ? undefined : event.id)}
          >
            <Icon name={open === event.id ? 'down' : 'chevron'} />
            <Row event={event} />
          </button>
          {open === event.id && (
            <div className="activity-detail detail">
              <EventDetail event={event} tenant={key} />
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

function Row({ event }: { event: Activity_row$key }) {
  const { at, action, outcome, actorKind, actorName, reason } = useFragment(row, event);
  return (
    <>
      <span className="when">
        <Time at={at} />
      </span>
      <Who name={actorName} isBot={actorKind !== 'USER'} />
      <code>{action}</code>
      <span className="grow cut quiet p2">{reason}</span>
      <Outcome outcome={outcome} />
    </>
  );
}
