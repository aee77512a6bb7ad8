import { Link } from '@tanstack/react-router';
import { graphql, useFragment } from 'react-relay/hooks';
import type { RunList_executions$key } from '../../generated/RunList_executions.graphql.ts';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { Ago } from '../../ui/Time.tsx';

const fragment = graphql`
  fragment RunList_executions on Execution @relay(plural: true) {
    id
    executionId
    flowId
    namespaceName
    state
    startedAt
  }
`;

export interface RunListProps {
  readonly tenant: string;
  readonly executions: RunList_executions$key;
  /** The list that these are the first of. */
  readonly more: { readonly title: string; readonly search: { readonly state: string; readonly since?: string } };
}

/** A few executions, each a link. */
export function RunList({ tenant, executions: key, more }: RunListProps) {
  const executions = useFragment(fragment, key);
  if (executions.length === 0) return null;
  return (
    <>
      <ul className="run-list">
        {executions.map(({ id, executionId, flowId, namespaceName, state, startedAt }) => (
          <li key={id}>
            <StateBadge state={state} isShort />
            <span className="grow cut">
              <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: executionId }}>
                {flowId}
              </Link>{' '}
              <span className="quiet">{namespaceName}</span>
            </span>
            <span className="quiet nowrap">
              <Ago at={startedAt} />
            </span>
          </li>
        ))}
      </ul>
      <Link className="btn plain sm" to="/t/$tenant/executions" params={{ tenant }} search={more.search}>
        {more.title}
      </Link>
    </>
  );
}
