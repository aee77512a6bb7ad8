import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import type { RevisionsQuery } from '../../generated/RevisionsQuery.graphql.ts';
import type { RevisionsRestoreMutation } from '../../generated/RevisionsRestoreMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Difference } from '../../ui/editor/Difference.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { Who } from '../../ui/Who.tsx';
import type { FlowPart } from './Flow.tsx';

const query = graphql`
  query RevisionsQuery(
    $id: ID!
    $from: Int!
    $to: Int!
    $hasPair: Boolean!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    node(id: $id) {
      ... on Flow {
        revisions(first: $first, after: $after, last: $last, before: $before) {
          nodes {
            revision
            authorName
            createdAt
            reason
          }
          pageInfo {
            ...DataTable_pageInfo
          }
        }
        from: revisionAt(revision: $from) @include(if: $hasPair) {
          revision
          source
        }
        to: revisionAt(revision: $to) @include(if: $hasPair) {
          revision
          source
        }
      }
    }
  }
`;

const restore = graphql`
  mutation RevisionsRestoreMutation($input: RestoreFlowRevisionInput!) {
    restoreFlowRevision(input: $input) {
      outcome
      flow {
        id
        revision
      }
    }
  }
`;

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;

/** All revisions. Two of them can be compared, and an earlier one restored. */
export function Revisions({ tenant, flow }: FlowPart) {
  const search = useSearch({ from: '/t/$tenant/flows/$namespace/$flow' });
  const [restoring, setRestoring] = useState<number>();
  const close = () => setRestoring(undefined);
  const to = numberOf(search.to) ?? flow.revision;
  const from = numberOf(search.from) ?? Math.max(1, to - 1);
  const hasPair = from !== to;
  const { node } = useAnswer<RevisionsQuery>(query, { id: flow.id, from, to, hasPair, ...pageOf(search, 20) });
  if (!node?.revisions) return null;
  const pick = (name: 'from' | 'to', revision: number) => (
    <Link
      className="btn sm"
      to="."
      search={((before: object) => ({ ...before, [name]: revision })) as never}
      resetScroll={false}
      replace
      aria-current={(name === 'from' ? from : to) === revision ? 'true' : undefined}
      aria-label={`${name === 'from' ? 'From' : 'To'} revision ${revision}`}
    >
      {name === 'from' ? 'From' : 'To'}
    </Link>
  );
  return (
    <>
      <DataTable
        caption="Revisions"
        rows={node.revisions.nodes}
        keyOf={({ revision }) => String(revision)}
        pageInfo={node.revisions.pageInfo}
        empty={{ icon: 'flow', title: 'No revisions', text: null }}
        steps={['Newer', 'Older']}
        columns={[
          {
            title: 'Revision',
            className: 'main-cell',
            cell: ({ revision }) => (
              <>
                {revision} {revision === flow.revision && <span className="badge accent">Latest</span>}
              </>
            ),
          },
          { title: 'Saved by', cell: ({ authorName }) => <Who name={authorName} /> },
          { title: 'Reason', className: 'fluid p2', cell: ({ reason }) => reason },
          { title: 'Saved', className: 'p2', cell: ({ createdAt }) => <Time at={createdAt} /> },
          {
            title: 'Compare',
            cell: ({ revision }) =>
              flow.revision > 1 && (
                <span className="row picks">
                  {pick('from', revision)}
                  {pick('to', revision)}
                </span>
              ),
          },
          {
            title: 'Actions',
            className: 'end',
            cell: ({ revision }) =>
              revision !== flow.revision && (
                <ActionButton
                  permission="FLOW:UPDATE"
                  isAllowed={flow.viewerPermissions.includes('UPDATE')}
                  className="sm"
                  icon="undo"
                  label={`Restore revision ${revision}`}
                  onPress={() => setRestoring(revision)}
                >
                  <span className="p2">Restore…</span>
                </ActionButton>
              ),
          },
        ]}
      />
      <div className="body">
        {hasPair && node.from && node.to ? (
          <Difference
            before={{ title: `Revision ${from}`, text: node.from.source }}
            after={{ title: `Revision ${to}`, text: node.to.source }}
          />
        ) : (
          <p className="quiet">{flow.revision === 1 ? 'There is one revision.' : 'Choose two revisions to compare.'}</p>
        )}
      </div>
      {restoring !== undefined && (
        <ConfirmDialog<RevisionsRestoreMutation>
          title={`Restore revision ${restoring}`}
          mutation={restore}
          input={{ tenantKey: tenant, namespaceName: flow.namespaceName, flowId: flow.flowId, revision: restoring }}
          submit="Restore"
          done={({ restoreFlowRevision }) => {
            close();
            toast(`Revision ${restoring} restored`, `It is revision ${restoreFlowRevision?.flow?.revision} now.`);
          }}
          close={close}
        >
          <p>Its text is saved again as the latest revision. No revision is lost.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
