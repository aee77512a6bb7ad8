import { ancestorsOf } from '../../../access/where.ts';
import type { Namespace } from '../../../db/generated/client.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';

/** What a namespace and its ancestors set. */
export const inChainOf = ({ tenantId, namespace }: Namespace): Condition => ({
  tenantId,
  namespace: { in: [...ancestorsOf(namespace), namespace] },
});

/** Of rows in a namespace and its ancestors, the nearest one of each key, by key. */
export function nearest<Row extends { readonly namespace: string; readonly key: string }>(rows: readonly Row[]): Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows.toSorted((a, b) => a.namespace.length - b.namespace.length)) byKey.set(row.key, row);
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
