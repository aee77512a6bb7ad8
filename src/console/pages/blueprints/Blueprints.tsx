import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs, useViewer } from '../../access/viewer.ts';
import type { BlueprintsQuery } from '../../generated/BlueprintsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Pages, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { shortType } from '../../ui/graph/type.ts';
import { Page } from '../../ui/Page.tsx';
import { SavedViews } from '../../ui/SavedViews.tsx';
import { SearchBox } from '../../ui/SearchBox.tsx';
import { useTenant } from '../tenant.ts';
import { EditBlueprint } from './EditBlueprint.tsx';
import { type BlueprintsSearch, whereOf } from './search.ts';
import './blueprints.css';

const query = graphql`
  query BlueprintsQuery(
    $tenant: String!
    $where: BlueprintWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) {
      blueprintTags
      blueprints(where: $where, first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          title
          description
          kind
          shared
          tags
          taskTypes
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

const kinds = [
  { kind: undefined, title: 'All' },
  { kind: 'own', title: 'Custom' },
  { kind: 'catalogue', title: 'Gatehouse' },
] as const;

/** Sources to start a flow from: those that ship with Gatehouse, and custom ones of the tenant. */
export function Blueprints() {
  const tenant = useTenant();
  const navigate = useNavigate();
  const search: BlueprintsSearch = useSearch({ from: '/t/$tenant/blueprints' });
  const [isCreating, setIsCreating] = useState(false);
  return (
    <Page
      title="Blueprints"
      crumbs={[{ title: tenant }, { title: 'Orchestration' }]}
      actions={
        <ActionButton
          permission={needs.saveBlueprint}
          icon="plus"
          className="primary"
          onPress={() => setIsCreating(true)}
        >
          Create a blueprint
        </ActionButton>
      }
      filters={
        <SearchBox label="Search blueprints" text={search.text}>
          {kinds.map(({ kind, title }) => (
            <Link
              key={title}
              className="chip"
              to="."
              search={((before: object) => ({ ...before, kind, after: undefined, before: undefined })) as never}
              aria-current={search.kind === kind ? 'true' : undefined}
            >
              {title}
            </Link>
          ))}
          <span className="grow" />
          <SavedViews />
        </SearchBox>
      }
    >
      <Loaded tenant={tenant} search={search} />
      {isCreating && (
        <EditBlueprint
          tenant={tenant}
          done={(blueprint) => void navigate({ to: '/t/$tenant/blueprints/$blueprint', params: { tenant, blueprint } })}
          close={() => setIsCreating(false)}
        />
      )}
    </Page>
  );
}

function Loaded({ tenant: key, search }: { tenant: string; search: BlueprintsSearch }) {
  const { settings } = useViewer();
  const { tenant } = useAnswer<BlueprintsQuery>(query, {
    tenant: key,
    where: whereOf(search),
    ...pageOf(search, settings.pageSize),
  });
  const found = tenant?.blueprints;
  if (!found) return <Empty icon="book" title="You do not have permission to see blueprints" />;
  const tags = search.tag?.split(',') ?? [];
  const withTag = (tag: string) => {
    const next = tags.includes(tag) ? tags.filter((one) => one !== tag) : [...tags, tag];
    return { tag: next.length === 0 ? undefined : next.join(','), after: undefined, before: undefined };
  };
  return (
    <div className="body stack">
      {(tenant?.blueprintTags ?? []).length > 0 && (
        <nav className="tag-list" aria-label="Tags">
          {tenant?.blueprintTags?.map((tag) => (
            <Link
              key={tag}
              className="chip"
              to="."
              search={((before: object) => ({ ...before, ...withTag(tag) })) as never}
              aria-current={tags.includes(tag) ? 'true' : undefined}
            >
              {tag}
            </Link>
          ))}
        </nav>
      )}
      {found.nodes.length === 0 ? (
        <Empty icon="book" title="Nothing matches">
          <p>Search for other words, or choose fewer tags.</p>
        </Empty>
      ) : (
        <ul className="blueprints">
          {found.nodes.map(({ id, title, description, kind, shared, tags: own, taskTypes }) => (
            <li key={id} className="card">
              <h2>
                <Link to="/t/$tenant/blueprints/$blueprint" params={{ tenant: key, blueprint: id }}>
                  {title}
                </Link>
              </h2>
              <p className="second grow">{description}</p>
              <p className="quiet cut" title={taskTypes.join(', ')}>
                {taskTypes.map(shortType).join(', ')}
              </p>
              <div className="row">
                <span className="tag-list grow">
                  {kind === 'CUSTOM' && <span className="badge accent">{shared ? 'Custom, shared' : 'Custom'}</span>}
                  {own.map((tag) => (
                    <span key={tag} className="badge">
                      {tag}
                    </span>
                  ))}
                </span>
                <Link
                  className="btn sm"
                  to="/t/$tenant/flows/new"
                  params={{ tenant: key }}
                  search={{ blueprint: id }}
                  aria-label={`Use ${title}`}
                >
                  Use
                </Link>
              </div>
            </li>
          ))}
        </ul>
      )}
      <Pages pageInfo={found.pageInfo} />
    </div>
  );
}
