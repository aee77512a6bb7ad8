import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { IconName } from './drawings.tsx';
import { Empty } from './Empty.tsx';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Classes of the cells: `main-cell`, `fluid`, `end`; `p2` and `p3` leave narrow screens. */
  readonly className?: string;
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null | undefined;
  readonly endCursor: string | null | undefined;
}

export interface DataTableProps<Row> {
  /** What the table shows, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly pageInfo: PageInfo;
  readonly empty: { readonly icon: IconName; readonly title: string; readonly text: ReactNode };
  /** A row below another one with its details. */
  readonly detail?: (row: Row) => ReactNode | undefined;
  readonly foot?: ReactNode;
}

/** A page of a list. Its place in the list is in the address, so that it can be shared. */
export function DataTable<Row>({ caption, columns, rows, keyOf, pageInfo, empty, detail, foot }: DataTableProps<Row>) {
  if (rows.length === 0 && !pageInfo.hasPreviousPage)
    return (
      <Empty icon={empty.icon} title={empty.title}>
        {empty.text}
      </Empty>
    );
  return (
    <>
      <div className="table-wrap">
        <table className="data">
          <caption className="sr">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ title, className }) => (
                <th key={title} scope="col" className={className}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const below = detail?.(row);
              return [
                <tr key={keyOf(row)} className={below === undefined ? undefined : 'current'}>
                  {columns.map(({ title, cell, className }) => (
                    <td key={title} className={className}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>,
                below !== undefined && (
                  <tr key={`${keyOf(row)} detail`} className="detail">
                    <td colSpan={columns.length}>{below}</td>
                  </tr>
                ),
              ];
            })}
          </tbody>
        </table>
      </div>
      <div className="pages">
        <span>{foot}</span>
        <PageLink
          isOpen={pageInfo.hasPreviousPage}
          cursor={{ before: pageInfo.startCursor ?? undefined, after: undefined }}
          reason="This is the first page"
        >
          Newer
        </PageLink>
        <PageLink
          isOpen={pageInfo.hasNextPage}
          cursor={{ after: pageInfo.endCursor ?? undefined, before: undefined }}
          reason="This is the last page"
        >
          Older
        </PageLink>
      </div>
    </>
  );
}

interface PageLinkProps {
  readonly isOpen: boolean;
  readonly cursor: { readonly after: string | undefined; readonly before: string | undefined };
  readonly reason: string;
  readonly children: string;
}

function PageLink({ isOpen, cursor, reason, children }: PageLinkProps) {
  if (!isOpen)
    return (
      <button type="button" className="btn sm" aria-disabled="true" title={reason}>
        {children}
      </button>
    );
  return (
    <Link className="btn sm" to="." search={((search: object) => ({ ...search, ...cursor })) as never}>
      {children}
    </Link>
  );
}

/** The variables of a page of a list, by its address. */
export const pageOf = ({
  after,
  before,
}: {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}) =>
  before === undefined
    ? { first: 50, after: after ?? null, last: null, before: null }
    : { first: null, after: null, last: 50, before };
