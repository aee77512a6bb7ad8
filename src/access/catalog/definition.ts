import type { Row } from '../row.ts';
import type { Where } from '../where.ts';

/** Where a permission can be held: in the instance, in a tenant, or in a namespace and all below it. */
export type Level = 'instance' | 'tenant' | 'namespace';

export const actions = ['CREATE', 'READ', 'UPDATE', 'DELETE'] as const;
export type Action = (typeof actions)[number];

/** The roles that Gatehouse keeps in every tenant. Admin holds everything below the instance level by itself. */
export type ManagedRole = 'Editor' | 'Launcher' | 'Viewer' | 'Engine';

/** How the rows of a resource are stored, named and recorded. */
export interface RowsDefinition {
  /** The Prisma model. Absent: the resource has no table. */
  readonly model?: string;
  /** The column that holds the tenant's id (default: tenantId). Null: the rows belong to the instance. */
  readonly tenantColumn?: string | null;
  /** True where a row may also belong to the instance (its tenantId is null then). */
  readonly alsoAtInstance?: true;
  /** True where a change of a row changes what an actor may do: it raises the revision of access. */
  readonly feedsAccess: boolean;
  /** The rows that count where a policy counts (default: all). */
  counted?(now: Date): Where;
  /** The name of the row in an audit event. */
  key(row: Row): string;
  /** Columns with ids of other rows. Where the resource feeds access, past access is rebuilt from the events with them. */
  readonly links?: readonly string[];
  /** The fields that audit events may hold. A field that is not named here (hashes, secrets) is in no patch. */
  readonly audited: readonly string[];
  /** The fields that a policy may mask. */
  readonly maskable?: readonly string[];
  /** The columns that are recorded nowhere, not even in the decision log. */
  readonly secret?: readonly string[];
  /** True where subscriptions follow the rows: the table has a `changed` column, and its changes notify followers. */
  readonly live?: true;
  /**
   * What happens to the rows when their tenant is deleted. Default: each is deleted, with an event. `service`: the
   * resource's service does it (`deletedWithTenant`). `owner`: they go with rows of another resource. `kept`: they stay.
   */
  readonly withTenant?: 'service' | 'owner' | 'kept';
  /** Further tables of the resource, which its service deletes with the tenant. */
  readonly parts?: readonly string[];
  /** How a change is reversed where `undoChange` does not: the text continues "An event of flow.update cannot be undone:". */
  readonly instead?: string;
}

/** Everything Gatehouse knows about a resource by declaration. */
export interface ResourceDefinition {
  readonly level: Level;
  /** Actions that are held at another level than the rest. */
  readonly levels?: Partial<Record<Action, Level>>;
  /** Identity and access management: what a super admin administers in every tenant without a binding. */
  readonly iam?: true;
  /** What each action allows. An action that is absent does not exist for this resource. */
  readonly gates: Partial<Record<Action, string>>;
  /** What each managed role holds of it. */
  readonly managed?: Partial<Record<ManagedRole, readonly Action[] | 'all'>>;
  /** What the managed role of the instance (Engine) holds of it. */
  readonly managedAtInstance?: readonly Action[];
  /** Absent: only the permission exists. */
  readonly rows?: RowsDefinition;
}
