import { graphql, useFragment } from 'react-relay/hooks';
import type { Subject_subject$key } from '../generated/Subject_subject.graphql.ts';
import { Icon } from './Icon.tsx';
import { Who } from './Who.tsx';

const fragment = graphql`
  fragment Subject_subject on Subject {
    __typename
    ... on User {
      username
    }
    ... on Group {
      groupName: name
    }
    ... on ServiceAccount {
      accountName: name
    }
  }
`;

/** A user, a service account or a group. */
export function Subject({ subject }: { subject: Subject_subject$key | null | undefined }) {
  const shown = useFragment(fragment, subject);
  switch (shown?.__typename) {
    case 'User':
      return <Who name={shown.username} />;
    case 'ServiceAccount':
      return <Who name={shown.accountName} isBot />;
    case 'Group':
      return (
        <span className="who">
          <i className="bot" aria-hidden="true">
            <Icon name="group" />
          </i>
          <span className="cut">{shown.groupName}</span>
        </span>
      );
    default:
      return <span className="quiet">hidden from you</span>;
  }
}
