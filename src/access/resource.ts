import type { ResourceName } from './catalog.ts';
import type { Row } from './grant.ts';
import type { Where } from './where.ts';

/** How a resource is stored, addressed and written down. One per resource folder. */
export interface ResourceDefinition<R extends ResourceName = ResourceName> {
  readonly name: R;
  /** The Prisma model; absent where only the permission exists. */
  readonly model?: string;
  /** The column that holds the tenant's id (default: tenantId). Null: the rows belong to the instance. */
  readonly tenantColumn?: string | null;
  /** Does a change of it change what somebody may do? Then it raises the revision of access. */
  readonly feedsAccess: boolean;
  /** Which rows count where a policy counts (default: all). */
  counted?(now: Date): Where;
  /** What people call the row in an audit event. */
  key(row: Row): string;
  /** Columns with ids of other rows, where it feeds access: with them, who could do what is rebuilt from the events. */
  readonly links?: readonly string[];
  /** The fields that audit events may hold. What is not named here (hashes, secrets) is in no patch. */
  readonly audited: readonly string[];
  /** The fields that a policy may have masked: every reader of the resource knows how to. */
  readonly maskable?: readonly string[];
  /** The columns that are written down nowhere at all, not even in the record of decisions. */
  readonly secret?: readonly string[];
}

const definitions = new Map<ResourceName, ResourceDefinition>();

export function defineResource<R extends ResourceName>(definition: ResourceDefinition<R>): ResourceDefinition<R> {
  definitions.set(definition.name, definition as unknown as ResourceDefinition);
  return definition;
}

export const resourceDefinition = (name: ResourceName): ResourceDefinition | undefined => definitions.get(name);

/** The column of a resource's rows that holds the tenant's id. */
export const tenantColumn = (name: ResourceName): string => definitions.get(name)?.tenantColumn ?? 'tenantId';

/** Do its rows belong to the instance, whatever the tenant? */
export const isInstanceWide = (name: ResourceName): boolean => definitions.get(name)?.tenantColumn === null;

/** The ids of other rows that an event tells of this row; undefined where there are none. */
export function linksOf(
  { links = [] }: Pick<ResourceDefinition, 'links'>,
  row: Row,
): Record<string, string> | undefined {
  const ids = links.filter((link) => typeof row[link] === 'string').map((link) => [link, String(row[link])]);
  return ids.length > 0 ? Object.fromEntries(ids) : undefined;
}
