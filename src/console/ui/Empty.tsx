import type { ReactNode } from 'react';
import type { IconName } from './drawings.tsx';
import { Icon } from './Icon.tsx';

/** Says what a page is for while it has nothing to show. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
