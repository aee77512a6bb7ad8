import { Link } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { WhoElseQuery } from '../../generated/WhoElseQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Moment } from '../../ui/Time.tsx';
import { type AskedOfAll, permissionOf, type Question } from './question.ts';

const query = graphql`
  query WhoElseQuery($tenant: String!, $permission: PermissionInput!, $namespace: String, $at: DateTime) {
    tenant(key: $tenant) {
      whoCan(first: 20, permission: $permission, namespaceName: $namespace, at: $at) {
        nodes {
          id
          ...Subject_subject
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`;

/** Users and service accounts that have the permission, now or at a past time. */
export function WhoElse({ tenant: key, question }: { tenant: string; question: AskedOfAll }) {
  const { may, namespace, at } = question;
  const { tenant } = useAnswer<WhoElseQuery>(query, {
    tenant: key,
    permission: permissionOf(may),
    namespace: namespace ?? null,
    at: at === undefined ? null : new Date(at).toISOString(),
  });
  const able = tenant?.whoCan;
  if (!able && question.who === undefined)
    return <Empty icon="why" title="You do not have permission to see who has access" />;
  if (!able) return null;
  return (
    <section className="gap" aria-label="Who can">
      <div className="section">
        <h2>Who can</h2>
        <span className="quiet">
          <code>{may}</code> {namespace === undefined ? 'anywhere in the tenant' : `in ${namespace}`}
          {at !== undefined && (
            <>
              {' '}
              as of <Moment at={new Date(at).toISOString()} />
            </>
          )}
        </span>
      </div>
      <ul className="card list">
        {able.nodes.map((subject) => (
          <li key={subject.id}>
            <span className="grow">
              <Subject subject={subject} />
            </span>
            <Link to="." search={((before: Question) => ({ ...before, who: subject.id })) as never}>
              Why
            </Link>
          </li>
        ))}
        {able.nodes.length === 0 && <li className="quiet">No user and no service account.</li>}
        {able.pageInfo.hasNextPage && <li className="quiet">and more</li>}
      </ul>
    </section>
  );
}
