import { Link } from '@tanstack/react-router';

export interface TabLinkProps {
  readonly title: string;
  /** Undefined for the first part of the page. */
  readonly tab: string | undefined;
  readonly open: string | undefined;
  readonly count?: number | undefined;
}

/** A part of a page, which is in the address. */
export function TabLink({ title, tab, open, count }: TabLinkProps) {
  const current = tab === open ? 'page' : undefined;
  return (
    <Link
      to="."
      search={(tab === undefined ? {} : { tab }) as never}
      activeOptions={{ exact: true }}
      aria-current={current}
    >
      {title}
      {count !== undefined && <span className="count">{count.toLocaleString()}</span>}
    </Link>
  );
}
