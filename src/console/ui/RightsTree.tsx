import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { RightsTreeQuery } from '../generated/RightsTreeQuery.graphql.ts';
import { useAnswer } from '../relay/query.ts';
import { Empty } from './Empty.tsx';
import { Icon } from './Icon.tsx';
import { resourceInWords } from './Matrix.tsx';

const query = graphql`
  query RightsTreeQuery($tenant: String!, $subject: ID!) {
    permissionCatalog {
      resource
      permissions {
        action
        level
      }
    }
    tenant(key: $tenant) {
      namespaces(first: 100) {
        nodes {
          name
        }
        pageInfo {
          hasNextPage
        }
      }
      effectivePermissions(subject: $subject) {
        resource
        action
        answer
        origins {
          namespaceName
        }
      }
    }
  }
`;

export interface RightsTreeProps {
  readonly tenant: string;
  /** ID of a user or service account. */
  readonly who: string;
  readonly name: string;
}

const actions = ['CREATE', 'READ', 'UPDATE', 'DELETE'] as const;
const titles: Readonly<Record<string, string>> = { CREATE: 'Create', READ: 'Read', UPDATE: 'Update', DELETE: 'Delete' };

/** company.data.ingest → company, company.data, company.data.ingest */
const lineOf = (name: string): string[] => name.split('.').map((_part, i, parts) => parts.slice(0, i + 1).join('.'));

/** All of the names and what is above them, in the order of a tree. */
const treeOf = (names: readonly string[]): string[] => [...new Set(names.flatMap(lineOf))].sort();

/** What an account may do in each namespace. Each cell leads to its explanation. */
export function RightsTree({ tenant: key, who, name }: RightsTreeProps) {
  const { permissionCatalog, tenant } = useAnswer<RightsTreeQuery>(query, { tenant: key, subject: who });
  const resources = permissionCatalog
    .filter(({ permissions }) => permissions.some(({ level }) => level === 'NAMESPACE'))
    .map(({ resource }) => resource);
  const [resource, setResource] = useState<string>('FLOW');
  const rights = tenant?.effectivePermissions;
  if (!rights || !tenant.namespaces)
    return <Empty icon="ns" title="You do not have permission to see what this account can do, by namespace" />;
  const known = permissionCatalog.find((one) => one.resource === resource)?.permissions ?? [];
  const columns = actions.filter((action) => known.some((one) => one.action === action && one.level === 'NAMESPACE'));
  const rows = ['', ...treeOf(tenant.namespaces.nodes.map((one) => one.name))];
  const answerIn = (action: string, namespace: string): 'yes' | 'depends' | 'no' => {
    const right = rights.find((one) => one.resource === resource && one.action === action);
    const isHeld = right?.origins.some(({ namespaceName }) =>
      namespaceName == null ? true : namespace === namespaceName || namespace.startsWith(`${namespaceName}.`),
    );
    if (!isHeld) return 'no';
    return right?.answer === 'ALLOWED' ? 'yes' : 'depends';
  };
  return (
    <div className="body">
      <div className="section">
        <h2>By namespace</h2>
        <label className="row">
          <span className="sr">Resource</span>
          <span className="select">
            <select className="input" value={resource} onChange={({ target }) => setResource(target.value)}>
              {resources.map((one) => (
                <option key={one} value={one}>
                  {resourceInWords(one)}
                </option>
              ))}
            </select>
            <Icon name="down" />
          </span>
        </label>
        <span className="quiet">Choose a cell to see why.</span>
      </div>
      <div className="card flat">
        <table className="matrix tree">
          <caption className="sr">
            What {name} may do with {resourceInWords(resource)}, by namespace
          </caption>
          <thead>
            <tr>
              <th scope="col">Namespace</th>
              {columns.map((action) => (
                <th key={action} scope="col">
                  {titles[action]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((namespace) => (
              <tr key={namespace}>
                <th scope="row">
                  <span className={`level l${Math.min(6, namespace === '' ? 0 : namespace.split('.').length)}`}>
                    {namespace === '' ? 'The whole tenant' : namespace.split('.').at(-1)}
                  </span>
                </th>
                {columns.map((action) => (
                  <td key={action}>
                    <Cell
                      answer={answerIn(action, namespace)}
                      label={`${titles[action]} in ${namespace || 'the whole tenant'}`}
                      tenant={key}
                      search={{ who, may: `${resource}:${action}`, ...(namespace && { namespace }) }}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {tenant.namespaces.pageInfo.hasNextPage && <p className="quiet">Only the first 100 namespaces are shown.</p>}
    </div>
  );
}

interface CellProps {
  readonly answer: 'yes' | 'depends' | 'no';
  readonly label: string;
  readonly tenant: string;
  readonly search: { readonly who: string; readonly may: string; readonly namespace?: string };
}

const marks = { yes: 'check', depends: 'why', no: 'x' } as const;
const words = { yes: 'yes', depends: 'it depends', no: 'no' } as const;

const Cell = ({ answer, label, tenant, search }: CellProps) => (
  <Link
    className={`cell answer-${answer}`}
    to="/t/$tenant/access-explorer"
    params={{ tenant }}
    search={search}
    aria-label={`${label}: ${words[answer]}. Why?`}
  >
    <Icon name={marks[answer]} />
  </Link>
);
