import type { RowsDefinition } from './catalog/definition.ts';
import { entry, type ResourceName } from './catalog.ts';
import type { Row } from './row.ts';

/** How the rows of a resource are stored, named and recorded; undefined where only the permission exists. */
export const resourceDefinition = (name: ResourceName): RowsDefinition | undefined => entry(name).rows;

/** The column of a resource's rows that holds the tenant's id. */
export const tenantColumn = (name: ResourceName): string => resourceDefinition(name)?.tenantColumn ?? 'tenantId';

/** Do its rows belong to the instance, whatever the tenant? */
export const isInstanceWide = (name: ResourceName): boolean => resourceDefinition(name)?.tenantColumn === null;

/** The ids of other rows that an event tells of this row; undefined where there are none. */
export function linksOf({ links = [] }: Pick<RowsDefinition, 'links'>, row: Row): Record<string, string> | undefined {
  const ids = links.filter((link) => typeof row[link] === 'string').map((link) => [link, String(row[link])]);
  return ids.length > 0 ? Object.fromEntries(ids) : undefined;
}
