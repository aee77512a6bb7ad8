import { Link } from '@tanstack/react-router';
import { type ReactNode, Suspense, useEffect } from 'react';
import { lazyPart } from '../relay/lazy.tsx';
import { useSettled } from '../relay/settled.ts';
import { FaultBoundary } from './FaultBoundary.tsx';
import { Skeleton } from './Skeleton.tsx';

// Menus are not part of the first load.
const CopyAs = lazyPart(async () => (await import('./CopyAs.tsx')).CopyAs);

export interface Crumb {
  readonly title: string;
  readonly to?: string;
}

export interface PageProps {
  readonly title: string;
  /** Where the page is: its tenant and its part of the menu. */
  readonly crumbs?: readonly Crumb[];
  /** Words beside the title, such as a badge. */
  readonly beside?: ReactNode;
  readonly actions?: ReactNode;
  readonly tabs?: ReactNode;
  /** Stays in place while the content loads. */
  readonly filters?: ReactNode;
  readonly children: ReactNode;
}

/** The frame of every page: where, what, what can be done, and its content with its faults. */
export function Page({ title, crumbs = [], beside, actions, tabs, filters, children }: PageProps) {
  useSettled();
  useEffect(() => {
    document.title = [title, ...crumbs.map((crumb) => crumb.title).reverse(), 'Gatehouse'].join(' · ');
  }, [title, crumbs]);
  return (
    <>
      <header className="head">
        {crumbs.length > 0 && (
          <nav className="crumbs" aria-label="Place">
            <ol>
              {crumbs.map((crumb) => (
                <li key={crumb.title}>{crumb.to ? <Link to={crumb.to}>{crumb.title}</Link> : crumb.title}</li>
              ))}
            </ol>
          </nav>
        )}
        <div className="head-line">
          <h1>{title}</h1>
          {beside}
          <div className="actions">
            <CopyAs />
            {actions}
          </div>
        </div>
        {tabs && (
          <nav className="tabs" aria-label="Parts of the page">
            {tabs}
          </nav>
        )}
      </header>
      {filters}
      <FaultBoundary>
        <Suspense fallback={<Skeleton />}>{children}</Suspense>
      </FaultBoundary>
    </>
  );
}
