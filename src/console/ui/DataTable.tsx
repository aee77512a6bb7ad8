import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import type { DataTable_pageInfo$key } from '../generated/DataTable_pageInfo.graphql.ts';
import type { IconName } from './drawings.tsx';
import { Empty } from './Empty.tsx';
import { Icon } from './Icon.tsx';

const pageInfoFragment = graphql`
  fragment DataTable_pageInfo on PageInfo {
    hasNextPage
    hasPreviousPage
    startCursor
    endCursor
  }
`;

export type PageInfo = DataTable_pageInfo$key;

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Classes of the cells: `main-cell`, `fluid`, `end`; `p2` and `p3` leave narrow screens. */
  readonly className?: string;
  /** The field by which the column sorts the list. */
  readonly sort?: string;
}

/** Rows that are chosen for one act. */
export interface Selection {
  readonly chosen: ReadonlySet<string>;
  readonly choose: (chosen: ReadonlySet<string>) => void;
}

export interface DataTableProps<Row> {
  /** What the table shows, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Name of a row, for its checkbox. */
  readonly nameOf?: ((row: Row) => string) | undefined;
  readonly pageInfo: PageInfo;
  readonly empty: { readonly icon: IconName; readonly title: string; readonly text: ReactNode };
  /** A row below another one with its details. */
  readonly detail?: (row: Row) => ReactNode | undefined;
  readonly foot?: ReactNode;
  readonly selection?: Selection | undefined;
  /** Words for the pages before and after this one. */
  readonly steps?: readonly [string, string];
  /** How the list is sorted: a field, with a minus sign for the opposite order. */
  readonly sort?: string | undefined;
  /** The row whose panel is open. */
  readonly current?: string | undefined;
}

/** A page of a list. Its place in the list is in the address, so that it can be shared. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { caption, columns, rows, keyOf, nameOf = keyOf, empty, detail, foot, selection, steps, sort, current } = props;
  const pageInfo = useFragment(pageInfoFragment, props.pageInfo);
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
              {selection && (
                <th scope="col" className="pick">
                  <AllBox selection={selection} keys={rows.map(keyOf)} />
                </th>
              )}
              {columns.map(({ title, className, sort: field }) =>
                field === undefined ? (
                  <th key={title} scope="col" className={className}>
                    {title}
                  </th>
                ) : (
                  <SortHead key={title} title={title} className={className} field={field} sort={sort} />
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const below = detail?.(row);
              const key = keyOf(row);
              const isChosen = selection?.chosen.has(key) === true;
              return [
                <tr key={key} className={below !== undefined || isChosen || key === current ? 'current' : undefined}>
                  {selection && (
                    <td className="pick">
                      <input
                        type="checkbox"
                        aria-label={`Choose ${nameOf(row)}`}
                        checked={isChosen}
                        onChange={() => selection.choose(toggled(selection.chosen, key))}
                      />
                    </td>
                  )}
                  {columns.map(({ title, cell, className }) => (
                    <td key={title} className={className}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>,
                below !== undefined && (
                  <tr key={`${key} detail`} className="detail">
                    <td colSpan={columns.length + (selection ? 1 : 0)}>{below}</td>
                  </tr>
                ),
              ];
            })}
          </tbody>
        </table>
      </div>
      <Pages pageInfo={props.pageInfo} foot={foot} steps={steps} />
    </>
  );
}

export interface PagesProps {
  readonly pageInfo: PageInfo;
  readonly foot?: ReactNode;
  readonly steps?: readonly [string, string] | undefined;
}

/** The way to the pages of a list before and after this one. */
export function Pages({ pageInfo: key, foot, steps = ['Previous', 'Next'] }: PagesProps) {
  const pageInfo = useFragment(pageInfoFragment, key);
  if (foot === undefined && !pageInfo.hasPreviousPage && !pageInfo.hasNextPage) return null;
  const [back, forth] = steps;
  return (
    <div className="pages">
      <span>{foot}</span>
      <PageLink
        isOpen={pageInfo.hasPreviousPage}
        cursor={{ before: pageInfo.startCursor ?? undefined, after: undefined }}
        reason="This is the first page"
      >
        {back}
      </PageLink>
      <PageLink
        isOpen={pageInfo.hasNextPage}
        cursor={{ after: pageInfo.endCursor ?? undefined, before: undefined }}
        reason="This is the last page"
      >
        {forth}
      </PageLink>
    </div>
  );
}

interface SortHeadProps {
  readonly title: string;
  readonly className: string | undefined;
  readonly field: string;
  readonly sort: string | undefined;
}

/** A head that sorts the list by its column, and then the other way round. */
function SortHead({ title, className, field, sort }: SortHeadProps) {
  const isDown = sort === `-${field}`;
  const isUp = sort === field;
  return (
    <th
      scope="col"
      className={`sort ${className ?? ''}`}
      aria-sort={isDown ? 'descending' : isUp ? 'ascending' : undefined}
    >
      <Link
        to="."
        search={
          ((before: object) => ({
            ...before,
            sort: isDown ? field : `-${field}`,
            after: undefined,
            before: undefined,
          })) as never
        }
      >
        {title}
        {(isDown || isUp) && <Icon name={isDown ? 'down' : 'upward'} />}
      </Link>
    </th>
  );
}

/** The order that the address names, as the API takes it. */
export const orderOf = <Field extends string>(
  sort: string | undefined,
  fields: readonly Field[],
): { field: Field; direction: 'ASC' | 'DESC' } | null => {
  const field = fields.find((one) => one === sort?.replace(/^-/, ''));
  return field === undefined ? null : { field, direction: sort?.startsWith('-') ? 'DESC' : 'ASC' };
};

function toggled(chosen: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(key)) next.add(key);
  return next;
}

function AllBox({ selection: { chosen, choose }, keys }: { selection: Selection; keys: readonly string[] }) {
  const count = keys.filter((key) => chosen.has(key)).length;
  return (
    <input
      type="checkbox"
      aria-label="Choose all rows of this page"
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && count < keys.length;
      }}
      checked={count > 0 && count === keys.length}
      onChange={() => choose(new Set(count === keys.length ? [] : keys))}
    />
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
export const pageOf = (
  {
    after,
    before,
  }: {
    readonly after?: string | undefined;
    readonly before?: string | undefined;
  },
  size = 50,
) =>
  before === undefined
    ? { first: size, after: after ?? null, last: null, before: null }
    : { first: null, after: null, last: size, before };
