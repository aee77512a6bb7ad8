import { graphql, useFragment } from 'react-relay/hooks';
import type { PolicyState_policy$key } from '../../generated/PolicyState_policy.graphql.ts';

const fragment = graphql`
  fragment PolicyState_policy on Policy {
    shadow
    shadowRefusals(days: 30)
  }
`;

interface PolicyStateProps {
  readonly policy: PolicyState_policy$key | undefined;
  readonly isConfigured: boolean;
}

/** Whether a policy is in force, and how. */
export function PolicyState({ policy, isConfigured }: PolicyStateProps) {
  const state = useFragment(fragment, policy);
  if (!state) return <span className="badge">off</span>;
  if (state.shadow)
    return (
      <span className="nowrap">
        <span className="badge run">shadow</span>
        {state.shadowRefusals != null && (
          <span className="quiet p2"> {state.shadowRefusals.toLocaleString()} would be refused in 30 days</span>
        )}
      </span>
    );
  return (
    <span className="nowrap">
      <span className="badge ok">in force</span>
      {!isConfigured && <span className="quiet p2"> by default</span>}
    </span>
  );
}
