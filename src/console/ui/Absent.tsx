import type { ReactNode } from 'react';
import type { IconName } from './drawings.tsx';
import { Empty } from './Empty.tsx';
import { type Crumb, Page } from './Page.tsx';

export interface AbsentProps {
  /** What the page is about, such as `Worker group`. */
  readonly kind: string;
  readonly icon: IconName;
  readonly crumbs: readonly Crumb[];
  /** Why, if not the usual reasons. */
  readonly children?: ReactNode;
}

/** The page of an object that does not exist. It looks the same if the viewer is not allowed to see the object. */
export function Absent({ kind, icon, crumbs, children }: AbsentProps) {
  return (
    <Page title={kind} crumbs={crumbs}>
      <Empty icon={icon} title={`This ${kind.toLowerCase()} does not exist`}>
        <p>{children ?? 'It was deleted, or you are not allowed to see it.'}</p>
      </Empty>
    </Page>
  );
}
