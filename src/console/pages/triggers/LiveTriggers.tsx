import { useMemo } from 'react';
import { graphql, useSubscription } from 'react-relay/hooks';
import type { LiveTriggersSubscription } from '../../generated/LiveTriggersSubscription.graphql.ts';
import { Icon } from '../../ui/Icon.tsx';

const subscription = graphql`
  subscription LiveTriggersSubscription($tenant: String!, $where: TriggerWhere) {
    triggers(tenantKey: $tenant, where: $where) {
      id
      kind
      trigger {
        id
        ...row_trigger
      }
    }
  }
`;

/** Changes the rows of triggers in place as their state changes. */
export function LiveTriggers({ tenant, where }: { tenant: string; where: object }) {
  const filter = JSON.stringify(where);
  const config = useMemo(
    () => ({
      subscription,
      variables: { tenant, where: JSON.parse(filter) as object },
      onError: () => undefined,
    }),
    [tenant, filter],
  );
  useSubscription<LiveTriggersSubscription>(config);
  return (
    <span className="state ok" role="status">
      <Icon name="live" />
      Live
    </span>
  );
}
