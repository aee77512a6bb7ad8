import type { Row } from '../row.ts';
import type { Where } from '../where.ts';

/** Where a permission can be held: in the instance, in a tenant, or in a namespace and all below it. */
export type Level = 'instance' | 'tenant' | 'namespace';

export const actions = ['CREATE', 'READ', 'UPDATE', 'DELETE'] as const;
export type Action = (typeof actions)[number];

/** The roles that Gatehouse maintains in every tenant. Admin has everything below the instance level implicitly. */
export type ManagedRole = 'Editor' | 'Launcher' | 'Viewer' | 'Engine';

/** How the rows of a resource are stored, named and recorded. */
export interface RowsDefinition {
  /** The Prisma model. Absent if the resource has no table. */
  readonly model?: string;
  /** The column with the tenant's ID (default: tenantId). Null if the rows belong to the instance. */
  readonly tenantColumn?: string | null;
  /** True if a row can also belong to the instance (its tenantId is null). */
  readonly alsoAtInstance?: true;
  /** True if a change of a row changes access: it raises the access revision. */
  readonly feedsAccess: boolean;
  /** The rows that policies count (default: all). */
  counted?(now: Date): Where;
  /** The name of the row in an audit event. */
  key(row: Row): string;
  /**
   * Columns with IDs of other rows. If the resource feeds access, past access is rebuilt from events with these IDs.
   */
  readonly links?: readonly string[];
  /** The fields that audit events include. All other fields (hashes, secrets) are in no patch. */
  readonly audited: readonly string[];
  /** The fields that a policy can mask. */
  readonly maskable?: readonly string[];
  /** Columns that are never recorded, not even in the decision log. */
  readonly secret?: readonly string[];
  /** True if subscriptions follow the rows: the table has a `changed` column, and its changes notify followers. */
  readonly live?: true;
  /**
   * What happens to the rows when their tenant is deleted. Default: each is deleted, with an event. `service`: the
   * resource's service deletes them (`deletedWithTenant`). `owner`: deleted with rows of another resource. `kept`: not
   * deleted.
   */
  readonly withTenant?: 'service' | 'owner' | 'kept';
  /** Further tables of the resource, which its service deletes with the tenant. */
  readonly parts?: readonly string[];
  /**
   * How to reverse a change that `undoChange` does not support. The text continues "An event of flow.update cannot be
   * undone:".
   */
  readonly instead?: string;
}

/** The declaration of a resource. */
export interface ResourceDefinition {
  readonly level: Level;
  /** Actions at another level than the rest. */
  readonly levels?: Partial<Record<Action, Level>>;
  /** Identity and access management: what a super admin administers in every tenant without a binding. */
  readonly iam?: true;
  /** Description of each action. An absent action does not exist for this resource. */
  readonly gates: Partial<Record<Action, string>>;
  /** Actions of each managed role. */
  readonly managed?: Partial<Record<ManagedRole, readonly Action[] | 'all'>>;
  /** Actions of the managed role of the instance (Engine). */
  readonly managedAtInstance?: readonly Action[];
  /** The resource whose READ shows its rows, if it has none of its own. */
  readonly readAs?: string;
  /** Absent if the resource is only a permission. */
  readonly rows?: RowsDefinition;
}
