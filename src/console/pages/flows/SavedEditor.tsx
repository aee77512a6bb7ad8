import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { graphql } from 'react-relay/hooks';
import type { SavedEditorQuery } from '../../generated/SavedEditorQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { FlowEditor } from './editor/FlowEditor.tsx';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query SavedEditorQuery($id: ID!, $tenant: String!) {
    tenant(key: $tenant) {
      plugins(first: 100, where: { kind: [TASK, TRIGGER] }) {
        nodes {
          type
        }
      }
    }
    node(id: $id) {
      ... on Flow {
        source
        revision
        revisions(first: 1) {
          nodes {
            authorName
          }
        }
      }
    }
  }
`;

/** The source of a flow, to change it. */
export function SavedEditor({ tenant, flow }: FlowPart) {
  const navigate = useNavigate();
  const { node, tenant: found } = useAnswer<SavedEditorQuery>(query, { id: flow.id, tenant });
  const types = useMemo(() => found?.plugins?.nodes.map(({ type }) => type), [found?.plugins]);
  if (node?.source === undefined) return <Empty icon="code" title="You do not have permission to see the source" />;
  return (
    <FlowEditor
      tenant={tenant}
      draftKey={`${tenant} ${flow.namespaceName}/${flow.flowId}`}
      saved={{
        source: node.source,
        revision: node.revision ?? flow.revision,
        authorName: node.revisions?.nodes[0]?.authorName,
      }}
      {...(types && { types })}
      mayUpdate={flow.viewerPermissions.includes('UPDATE')}
      done={(saved) => {
        // A source with another ID creates or changes another flow.
        if (saved.flowId !== flow.flowId || saved.namespaceName !== flow.namespaceName)
          void navigate({
            to: '/t/$tenant/flows/$namespace/$flow',
            params: { tenant, namespace: saved.namespaceName, flow: saved.flowId },
          });
      }}
    />
  );
}
