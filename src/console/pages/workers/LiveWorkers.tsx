import { useMemo } from 'react';
import { graphql, useSubscription } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { LiveWorkersSubscription } from '../../generated/LiveWorkersSubscription.graphql.ts';
import { refresh } from '../../relay/refresh.ts';
import { Icon } from '../../ui/Icon.tsx';

const subscription = graphql`
  subscription LiveWorkersSubscription {
    workers {
      id
      kind
      worker {
        id
        state
        lastHeartbeatAt
        version
        hostname
      }
    }
  }
`;

const isKnown = new Set<string>();

function Live() {
  const config = useMemo(
    () => ({
      subscription,
      variables: {},
      // A change of a known worker is in the store already, and its row changes in place.
      onNext: (answer: LiveWorkersSubscription['response'] | null | undefined) => {
        const change = answer?.workers;
        if (!change) return;
        if (change.kind === 'REMOVED') isKnown.delete(change.id);
        else if (isKnown.has(change.id)) return;
        else isKnown.add(change.id);
        refresh();
      },
      onError: () => undefined,
    }),
    [],
  );
  useSubscription<LiveWorkersSubscription>(config);
  return (
    <span className="state ok" role="status">
      <Icon name="live" />
      Live
    </span>
  );
}

/** Follows the workers, if the viewer can see them. */
export function LiveWorkers() {
  return useMay('WORKER:READ', 'instance') ? <Live /> : null;
}
