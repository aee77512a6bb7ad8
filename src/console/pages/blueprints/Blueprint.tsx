import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { needs } from '../../access/viewer.ts';
import type { BlueprintDeleteMutation } from '../../generated/BlueprintDeleteMutation.graphql.ts';
import type { BlueprintQuery } from '../../generated/BlueprintQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { TextEditor } from '../../ui/editor/TextEditor.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Markdown } from '../../ui/Markdown.tsx';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { EditBlueprint } from './EditBlueprint.tsx';
import './blueprints.css';

const query = graphql`
  query BlueprintQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Blueprint {
        title
        description
        documentation
        kind
        shared
        source
        tags
        taskTypes
        updatedAt
        viewerPermissions
      }
    }
  }
`;

const remove = graphql`
  mutation BlueprintDeleteMutation($input: DeleteBlueprintInput!) {
    deleteBlueprint(input: $input) {
      deletedId
    }
  }
`;

/** A blueprint: what it is for, and its source. */
export function Blueprint() {
  const tenant = useTenant();
  const { blueprint: id } = useParams({ from: '/t/$tenant/blueprints/$blueprint' });
  return <Loaded key={id} tenant={tenant} id={id} />;
}

function Loaded({ tenant, id }: { tenant: string; id: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/blueprints/$blueprint' });
  const navigate = useNavigate();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const { node } = useAnswer<BlueprintQuery>(query, { id });
  const crumbs = [{ title: tenant }, { title: 'Blueprints', to: `/t/${tenant}/blueprints` }];
  if (node?.__typename !== 'Blueprint') return <Absent kind="Blueprint" icon="book" crumbs={crumbs} />;
  const { title = '', source = '', tags = [], taskTypes = [] } = node;
  const isCustom = node.kind === 'CUSTOM';
  return (
    <Page
      title={title}
      crumbs={crumbs}
      beside={isCustom && <span className="badge accent">{node.shared ? 'Custom, shared' : 'Custom'}</span>}
      actions={
        <>
          {isCustom && (
            <EditAndDelete
              needs={{ edit: needs.saveBlueprint, delete: needs.deleteBlueprint }}
              viewerPermissions={node.viewerPermissions ?? []}
              onPress={setOpen}
            />
          )}
          <Link className="btn primary" to="/t/$tenant/flows/new" params={{ tenant }} search={{ blueprint: id }}>
            <Icon name="plus" />
            Use
          </Link>
        </>
      }
      tabs={
        isCustom && (
          <>
            <TabLink title="Overview" tab={undefined} open={tab} />
            <TabLink title="Activity" tab="activity" open={tab} />
          </>
        )
      }
    >
      {tab === 'activity' ? (
        <Activity tenant={tenant} object={id} />
      ) : (
        <div className="body two">
          <section aria-label="Source">
            <div className="section">
              <h2>Source</h2>
              <span className="grow" />
              <CopyButton text={source} label="Copy the source" />
            </div>
            <div className="card source-view">
              <TextEditor label={`Source of ${title}`} value={source} isReadOnly />
            </div>
          </section>
          <div className="stack">
            <dl className="facts">
              {node.description && (
                <>
                  <dt>Description</dt>
                  <dd>{node.description}</dd>
                </>
              )}
              <dt>Tags</dt>
              <dd>
                <span className="tag-list">
                  {tags.map((tag) => (
                    <span key={tag} className="badge">
                      {tag}
                    </span>
                  ))}
                  {tags.length === 0 && <span className="quiet">none</span>}
                </span>
              </dd>
              <dt>Task types</dt>
              <dd>
                {taskTypes.map((type) => (
                  <span key={type} className="block">
                    <Link to="/t/$tenant/plugins/$type" params={{ tenant, type }}>
                      {type}
                    </Link>
                  </span>
                ))}
              </dd>
              {isCustom && node.updatedAt && (
                <>
                  <dt>Saved</dt>
                  <dd>
                    <Time at={node.updatedAt} />
                  </dd>
                </>
              )}
            </dl>
            {node.documentation && <Markdown text={node.documentation} />}
          </div>
        </div>
      )}
      {open === 'edit' && <EditBlueprint tenant={tenant} known={{ id, ...node, title, source, tags }} close={close} />}
      {open === 'delete' && (
        <ConfirmDialog<BlueprintDeleteMutation>
          title={`Delete the blueprint ${title}`}
          mutation={remove}
          input={{ id }}
          submit="Delete"
          isDanger
          done={() => {
            toast('Blueprint deleted');
            void navigate({ to: '/t/$tenant/blueprints', params: { tenant } });
          }}
          close={close}
        >
          <p>Flows that were created from it are kept.</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
