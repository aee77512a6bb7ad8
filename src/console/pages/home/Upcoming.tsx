import { Link } from '@tanstack/react-router';
import { graphql, useFragment } from 'react-relay/hooks';
import type { Upcoming_triggers$key } from '../../generated/Upcoming_triggers.graphql.ts';
import { Icon } from '../../ui/Icon.tsx';
import { Ago } from '../../ui/Time.tsx';

const fragment = graphql`
  fragment Upcoming_triggers on TriggerConnection {
    nodes {
      id
      triggerId
      flowId
      namespaceName
      nextExecutionAt
    }
  }
`;

export interface UpcomingProps {
  readonly tenant: string;
  readonly triggers: Upcoming_triggers$key | null | undefined;
}

/** The schedules that are due next. */
export function Upcoming({ tenant, triggers: key }: UpcomingProps) {
  const triggers = useFragment(fragment, key)?.nodes.filter(({ nextExecutionAt }) => nextExecutionAt != null) ?? [];
  return (
    <section className="card pad" aria-label="Next triggers">
      <div className="section">
        <h2>Next triggers</h2>
      </div>
      {triggers.length === 0 && <p className="quiet">No schedule is enabled.</p>}
      <ul className="run-list">
        {triggers.map(({ id, triggerId, flowId, namespaceName, nextExecutionAt }) => (
          <li key={id}>
            <Icon name="clock" className="quiet" />
            <span className="grow cut">
              <Link
                to="/t/$tenant/flows/$namespace/$flow"
                params={{ tenant, namespace: namespaceName, flow: flowId }}
                search={{ tab: 'triggers' }}
              >
                {flowId}
              </Link>{' '}
              <span className="quiet">{namespaceName}</span> <code className="quiet">{triggerId}</code>
            </span>
            <span className="nowrap">
              <Ago at={nextExecutionAt ?? ''} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
