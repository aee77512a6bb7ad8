import { graphql } from 'react-relay/hooks';
import type { WhoElseQuery } from '../../generated/WhoElseQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Subject } from '../../ui/Subject.tsx';
import { type Asked, permissionOf } from './question.ts';

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

/** Who can do the same, at the same time. */
export function WhoElse({ tenant: key, question }: { tenant: string; question: Asked }) {
  const { may, namespace, at } = question;
  const { tenant } = useAnswer<WhoElseQuery>(query, {
    tenant: key,
    permission: permissionOf(may),
    namespace: namespace ?? null,
    at: at === undefined ? null : new Date(at).toISOString(),
  });
  const able = tenant?.whoCan;
  if (!able) return null;
  return (
    <section className="gap" aria-label="Who else can">
      <div className="section">
        <h2>Who can</h2>
        <span className="quiet">
          <code>{may}</code> in {namespace ?? 'the whole tenant'}
        </span>
      </div>
      <ul className="card list">
        {able.nodes.map((subject) => (
          <li key={subject.id}>
            <Subject subject={subject} />
          </li>
        ))}
        {able.nodes.length === 0 && <li className="quiet">No user and no service account.</li>}
        {able.pageInfo.hasNextPage && <li className="quiet">and more</li>}
      </ul>
    </section>
  );
}
