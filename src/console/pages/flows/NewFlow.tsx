import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { graphql } from 'react-relay/hooks';
import type { NewFlowQuery } from '../../generated/NewFlowQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Page } from '../../ui/Page.tsx';
import { useTenant } from '../tenant.ts';
import { FlowEditor } from './editor/FlowEditor.tsx';
import type { NewFlowSearch } from './search.ts';

const query = graphql`
  query NewFlowQuery(
    $tenant: String!
    $blueprint: ID!
    $hasBlueprint: Boolean!
    $namespace: String!
    $flow: String!
    $hasFlow: Boolean!
  ) {
    node(id: $blueprint) @include(if: $hasBlueprint) {
      ... on Blueprint {
        title
        source
      }
    }
    tenant(key: $tenant) {
      plugins(first: 100, where: { kind: [TASK, TRIGGER] }) {
        nodes {
          type
        }
      }
      flow(namespaceName: $namespace, flowId: $flow) @include(if: $hasFlow) {
        source
      }
    }
  }
`;

const startIn = (namespace: string): string => `id: my_flow
namespace: ${namespace}

tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: Hello
`;

/** The source with another value of a key at its top. */
const withKey = (source: string, key: string, value: string): string =>
  source.replace(new RegExp(`^${key}:.*$`, 'm'), `${key}: ${value}`);

/** The editor with a new flow: an empty one, a copy, or one from a blueprint. */
export function NewFlow() {
  const tenant = useTenant();
  const search: NewFlowSearch = useSearch({ from: '/t/$tenant/flows/new' });
  return (
    <Page title="Create a flow" crumbs={[{ title: tenant }, { title: 'Flows', to: `/t/${tenant}/flows` }]}>
      <Loaded key={JSON.stringify(search)} tenant={tenant} search={search} />
    </Page>
  );
}

function Loaded({ tenant: key, search }: { tenant: string; search: NewFlowSearch }) {
  const navigate = useNavigate();
  const [namespace = '', flow = ''] = search.copy?.split('/') ?? [];
  const { node, tenant } = useAnswer<NewFlowQuery>(query, {
    tenant: key,
    blueprint: search.blueprint ?? '',
    hasBlueprint: search.blueprint !== undefined,
    namespace,
    flow,
    hasFlow: search.copy !== undefined,
  });
  const types = useMemo(() => tenant?.plugins?.nodes.map(({ type }) => type), [tenant?.plugins]);
  const copied = tenant?.flow?.source;
  const source = node?.source ?? (copied === undefined ? undefined : withKey(copied, 'id', `${flow}-copy`));
  const start = source ?? startIn(search.namespace ?? 'company.team');
  return (
    <FlowEditor
      tenant={key}
      draftKey={`${key} new ${JSON.stringify(search)}`}
      saved={undefined}
      {...(types && { types })}
      start={search.namespace === undefined ? start : withKey(start, 'namespace', search.namespace)}
      done={(saved) =>
        void navigate({
          to: '/t/$tenant/flows/$namespace/$flow',
          params: { tenant: key, namespace: saved.namespaceName, flow: saved.flowId },
          replace: true,
        })
      }
    />
  );
}
