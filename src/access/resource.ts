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
  /** The fields that audit events may hold. What is not named here (hashes, secrets) is in no patch. */
  readonly audited: readonly string[];
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
