import { Icon } from '../../ui/Icon.tsx';
import { Who } from '../../ui/Who.tsx';

type Shown =
  | {
      readonly __typename: string;
      readonly username?: string | undefined;
      readonly name?: string | undefined;
      readonly accountName?: string | undefined;
    }
  | null
  | undefined;

/** Who holds a binding. */
export function Subject({ subject }: { subject: Shown }) {
  if (!subject) return <span className="quiet">not for you to see</span>;
  if (subject.__typename === 'Group')
    return (
      <span className="who">
        <i className="bot" aria-hidden="true">
          <Icon name="group" />
        </i>
        {subject.name} <span className="quiet">group</span>
      </span>
    );
  return <Who name={subject.username ?? subject.accountName ?? ''} isBot={subject.__typename === 'ServiceAccount'} />;
}
