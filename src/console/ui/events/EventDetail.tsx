import { Link } from '@tanstack/react-router';
import { graphql, useFragment } from 'react-relay/hooks';
import type { EventDetail_event$key } from '../../generated/EventDetail_event.graphql.ts';
import { CopyButton } from '../CopyButton.tsx';
import { Changes } from './Changes.tsx';
import { Undo } from './Undo.tsx';

const fragment = graphql`
  fragment EventDetail_event on AuditEvent {
    id
    action
    outcome
    actorName
    impersonatedByName
    ip
    reason
    policy
    decisionId
    requestId
    resourceKey
    hash
    prevHash
    details
    revertPatch
    ...Changes_event
  }
`;

/** What an event recorded: who, why, by which decision, and what it changed. */
export function EventDetail({ event: key, tenant }: { event: EventDetail_event$key; tenant: string }) {
  const event = useFragment(fragment, key);
  return (
    <div className="two">
      <div>
        <Changes event={event} />
        {event.details != null && (
          <details className="more">
            <summary>Details</summary>
            <pre className="diff">{JSON.stringify(event.details, null, 2)}</pre>
          </details>
        )}
        <div className="row">
          {event.outcome === 'SUCCESS' && event.revertPatch != null && (
            <Undo event={event.id} what={`${event.action} of ${event.resourceKey}`} />
          )}
          <Link
            className="btn plain"
            to="/t/$tenant/audit-log"
            params={{ tenant }}
            search={{ request: event.requestId }}
          >
            Same request
          </Link>
          {event.resourceKey && (
            <Link
              className="btn plain"
              to="/t/$tenant/audit-log"
              params={{ tenant }}
              search={{ text: event.resourceKey }}
            >
              All about {event.resourceKey}
            </Link>
          )}
        </div>
      </div>
      <dl className="facts">
        <dt>By</dt>
        <dd>
          {event.actorName}
          {event.impersonatedByName && <span className="quiet"> impersonated by {event.impersonatedByName}</span>}
          {event.ip && <span className="quiet"> from {event.ip}</span>}
        </dd>
        {event.reason && (
          <>
            <dt>Reason</dt>
            <dd>{event.reason}</dd>
          </>
        )}
        {event.policy && (
          <>
            <dt>Policy</dt>
            <dd>{event.policy}</dd>
          </>
        )}
        {event.decisionId && (
          <>
            <dt>Decision</dt>
            <dd>
              <code>{event.decisionId}</code> <CopyButton text={event.decisionId} label="Copy the decision ID" />
            </dd>
          </>
        )}
        <dt>Request</dt>
        <dd>
          <code>{event.requestId}</code>
        </dd>
        <dt>Hash</dt>
        <dd>
          <code>{event.hash.slice(0, 12)}…</code> <span className="quiet">follows {event.prevHash.slice(0, 12)}…</span>
        </dd>
      </dl>
    </div>
  );
}
