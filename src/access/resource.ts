import type { RowsDefinition } from './catalog/definition.ts';
import { entry, type ResourceName } from './catalog.ts';
import type { Row } from './row.ts';

/** How the rows of a resource are stored, named and recorded; undefined if it is only a permission. */
export const resourceDefinition = (name: ResourceName): RowsDefinition | undefined => entry(name).rows;

/** The resource whose READ shows the rows of a resource. */
export const readResource = (name: ResourceName): ResourceName =>
  (entry(name).readAs as ResourceName | undefined) ?? name;

/** The column with the tenant's ID. */
export const tenantColumn = (name: ResourceName): string => resourceDefinition(name)?.tenantColumn ?? 'tenantId';

/** True if its rows belong to the instance. */
export const isInstanceWide = (name: ResourceName): boolean => resourceDefinition(name)?.tenantColumn === null;

/** The IDs of other rows that events of this row include; undefined if none. */
export function linksOf({ links = [] }: Pick<RowsDefinition, 'links'>, row: Row): Record<string, string> | undefined {
  const ids = links.filter((link) => typeof row[link] === 'string').map((link) => [link, String(row[link])]);
  return ids.length > 0 ? Object.fromEntries(ids) : undefined;
}
