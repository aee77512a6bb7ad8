import { graphql, useFragment } from 'react-relay/hooks';
import type { Ways_explanation$key } from '../../generated/Ways_explanation.graphql.ts';
import { Subject } from '../../ui/Subject.tsx';

const fragment = graphql`
  fragment Ways_explanation on AccessExplanation {
    subject {
      ...Subject_subject
    }
    origins {
      grant
      namespaceName
      groupThen
      roleThen
      group {
        name
      }
      role {
        name
      }
    }
  }
`;

/** Each way by which the permission is held: who, through which group and role, in which namespace. */
export function Ways({ explanation: key }: { explanation: Ways_explanation$key }) {
  const { subject, origins } = useFragment(fragment, key);
  return origins.map(({ grant, namespaceName, group, groupThen, role, roleThen }) => {
    const through = group?.name ?? groupThen;
    const held = role?.name ?? roleThen;
    return (
      <ol className="path" key={`${grant} ${through} ${held} ${namespaceName}`} aria-label="A way by which it is held">
        <li>
          <span className="label">Asks</span>
          <Subject subject={subject} />
        </li>
        <li>
          <span className="label">Group</span>
          {through === undefined || through === null ? (
            <span className="quiet">directly</span>
          ) : (
            <strong>{through}</strong>
          )}
        </li>
        <li>
          <span className="label">{grant === 'roles' ? 'Role' : 'Granted by'}</span>
          <strong>{held ?? grant}</strong>
        </li>
        <li>
          <span className="label">Where</span>
          <strong>{namespaceName === null || namespaceName === undefined ? 'the whole tenant' : namespaceName}</strong>
          {namespaceName && <small>and below</small>}
        </li>
      </ol>
    );
  });
}
