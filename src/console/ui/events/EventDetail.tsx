import { graphql, useFragment } from 'react-relay/hooks';
import type { EventDetail_event$key } from '../../generated/EventDetail_event.graphql.ts';
import { CopyButton } from '../../ui/CopyButton.tsx';

const fragment = graphql`
  fragment EventDetail_event on AuditEvent {
    actorName
    impersonatedByName
    ip
    reason
    policy
    decisionId
    requestId
    hash
    prevHash
    patch
    details
  }
`;

/** What an event recorded: who, why, by which decision, and what it changed. */
export function EventDetail({ event: key }: { event: EventDetail_event$key }) {
  const event = useFragment(fragment, key);
  const changes = event.patch as readonly { op: string; path: string; value?: unknown }[] | null;
  return (
    <div className="two">
      <div>
        {changes && changes.length > 0 ? (
          <section className="diff" aria-label="Changes">
            <div className="diff-head">
              <span>Changes</span>
              <span>{changes.length}</span>
            </div>
            <ol>
              {changes.map(({ op, path, value }) => (
                <li key={`${op} ${path}`} className={op === 'remove' ? 'del' : 'add'}>
                  <span>
                    {op === 'remove' ? '− ' : '+ '}
                    {path.slice(1)}
                    {op !== 'remove' && `: ${JSON.stringify(value)}`}
                  </span>
                </li>
              ))}
            </ol>
          </section>
        ) : (
          <p className="quiet">This event changed nothing.</p>
        )}
        {event.details != null && <pre className="diff">{JSON.stringify(event.details, null, 2)}</pre>}
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
