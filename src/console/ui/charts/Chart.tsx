import { type ReactNode, useState } from 'react';
import { Icon } from '../Icon.tsx';
import './charts.css';

export interface ChartProps {
  readonly title: string;
  /** True if the title is only for screen readers. */
  readonly isTitleHidden?: boolean;
  /** Words or links beside the title. */
  readonly beside?: ReactNode;
  readonly picture: ReactNode;
  /** The same numbers as a table. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly ReactNode[])[] };
}

/** A picture of numbers. A table with the same numbers is behind it. */
export function Chart({ title, isTitleHidden = false, beside, picture, table }: ChartProps) {
  const [isTable, setIsTable] = useState(false);
  return (
    <section className="chart" aria-label={title}>
      <div className="chart-head">
        {!isTitleHidden && <h2>{title}</h2>}
        {beside}
        <span className="grow" />
        <button
          type="button"
          className="btn plain icon sm"
          aria-pressed={isTable}
          aria-label={`${title} as a table`}
          title="As a table"
          onClick={() => setIsTable(!isTable)}
        >
          <Icon name="logs" />
        </button>
      </div>
      {isTable ? (
        // The keyboard scrolls what has the focus.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled area
        <section className="chart-table" aria-label={`${title}: table`} tabIndex={0}>
          <table className="data">
            <caption className="sr">{title}</caption>
            <thead>
              <tr>
                {table.head.map((name, i) => (
                  <th key={name} scope="col" className={i === 0 ? undefined : 'end'}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((cells, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other key, and keep their order
                <tr key={i}>
                  {cells.map((cell, column) => (
                    <td key={table.head[column]} className={column === 0 ? undefined : 'end num'}>
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        picture
      )}
    </section>
  );
}
