import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface Row {
  readonly key: string;
  /** The namespace that sets it. */
  readonly origin: string;
  readonly shown: ReactNode;
  readonly acts?: ReactNode;
}

export interface SettingsTableProps {
  readonly caption: string;
  readonly tenant: string;
  readonly here: string;
  readonly add: ReactNode;
  readonly rows: readonly Row[];
  readonly empty: ReactNode;
}

/** What is in effect in a namespace: its own settings, which can be changed here, and inherited ones. */
export function SettingsTable({ caption, tenant, here, add, rows, empty }: SettingsTableProps) {
  if (rows.length === 0) return empty;
  return (
    <>
      <div className="tools">{add}</div>
      <div className="table-wrap">
        <table className="data">
          <caption className="sr">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
              <th scope="col" className="p2">
                From
              </th>
              <th scope="col" className="end">
                Actions
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, origin, shown, acts }) => (
              <tr key={`${key} ${origin}`}>
                <td className="main-cell">
                  {key}
                  {origin !== here && <span className="sub narrow-only">from {origin}</span>}
                </td>
                <td className="fluid">{shown}</td>
                <td className="p2">
                  {origin === here ? (
                    <span className="quiet">here</span>
                  ) : (
                    <Link to="/t/$tenant/namespaces/$namespace" params={{ tenant, namespace: origin }}>
                      {origin}
                    </Link>
                  )}
                </td>
                <td className="end">
                  <span className="row acts">{acts}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
