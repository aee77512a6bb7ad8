/**
 * The contract of a policy: the only module that a file in `plugins/` may import.
 *
 * A policy is a named object. It evaluates a request about a *kind* of resource, never about a record, and returns a
 * filter. One verdict therefore serves a list, a single object, a mutation and an event. Roles grant, policies
 * restrict, and the default is to refuse. A guard (the default mode) can only narrow access.
 */
import { z } from 'zod';
import type { Actor, Env } from '../access/actor.ts';
import { type Action, actions, entry, type Permission, type ResourceName, resourceNames } from '../access/catalog.ts';
import type { Row, RowChange } from '../access/row.ts';
import type { Comparison, Where } from '../access/where.ts';
import { columnsOf } from './filter/columns.ts';

export type { Actor, Env } from '../access/actor.ts';
export type { Action, ResourceName } from '../access/catalog.ts';
export type { Row, RowChange } from '../access/row.ts';
export type { Where } from '../access/where.ts';
export { allOf, anyOf, covers as isWithin, outside, within } from '../access/where.ts';
export { policyFile } from './load/policy-files.ts';
export { actions, z };

type MaybePromise<T> = T | Promise<T>;
type NamespaceResource =
  | 'NAMESPACE'
  | 'NAMESPACE_FILE'
  | 'SECRET'
  | 'KVSTORE'
  | 'FLOW'
  | 'EXECUTION'
  | 'TRIGGER'
  | 'AUDITLOG'
  | 'BINDING';

/** The columns that a policy may filter a resource by. */
export type ColumnsOf<R extends ResourceName> = R extends NamespaceResource
  ? { tenantId: string; namespace: string }
  : R extends 'TENANT'
    ? { id: string; key: string }
    : R extends 'USER'
      ? { id: string; username: string }
      : { tenantId: string };

/** A portable filter over one resource: equality, `in`, ranges, AND, and a non-empty OR. Negation is not supported. */
export type WhereOf<R extends ResourceName> =
  | Where
  | { readonly [C in keyof ColumnsOf<R>]?: ColumnsOf<R>[C] | Comparison };

export interface AccessRequest<R extends ResourceName = ResourceName> {
  readonly actor: Actor;
  readonly action: Action;
  readonly resource: R;
  readonly scope: {
    /** Absent at the instance level. Namespaces are expressed through filters. */
    readonly tenantId?: string;
    /** Set if a mutation changes only this part of the resource, such as the members of a group. */
    readonly part?: 'members';
  };
  readonly env: Env;
}

/**
 * An action to perform if the outcome is allow.
 * - `audit` adds a note to the audit events of the request.
 * - `mask` shows these fields of the resource as `***` wherever their values appear: results, patches, names, search.
 * Rows that match `unless`, and rows that `unlessHolding` covers at the instance level, are exempt.
 */
export type Obligation =
  | { readonly kind: 'audit'; readonly note: string }
  | {
      readonly kind: 'mask';
      readonly fields: readonly string[];
      readonly unless?: Where;
      readonly unlessHolding?: Permission;
    };

/** What would lift a refusal: the person proves again who they are (POST /auth/step-up). Part of the error. */
export interface StepUp {
  /** True if a second factor is required, false if the password suffices. */
  readonly secondFactor: boolean;
  /** Max age of the proof. Absent without one. */
  readonly maxAgeSeconds?: number;
}

export type Verdict<R extends ResourceName = ResourceName> =
  | { effect: 'allow'; reason: string; when?: WhereOf<R>; until?: Date; obligations?: readonly Obligation[] }
  | { effect: 'deny'; reason: string; unless?: WhereOf<R>; until?: Date; stepUp?: StepUp }
  | { effect: 'abstain'; until?: Date; obligations?: readonly Obligation[] };

export interface Refusal {
  readonly effect: 'deny';
  readonly reason: string;
}
export interface Abstention {
  readonly effect: 'abstain';
}

export interface Change<R extends ResourceName = ResourceName> extends RowChange {
  readonly resource: R;
}

/** Lookups that a review can make inside the transaction. */
export interface LookUps {
  /**
   * Counts the rows of a resource in a tenant (null: the instance), optionally in a namespace and its descendants.
   * Includes stored rows and the changes that this transaction has reviewed but not written yet. Holds a lock until the
   * transaction ends, so concurrent counts of the same rows wait. Excludes implicit namespaces, managed roles, and API
   * tokens that no longer work.
   */
  count(resource: ResourceName, tenantId: string | null, namespace?: string): Promise<number>;
  /** Returns the stored rows of the tenant of the decision that match a filter. Throws if more than 1,000 match. */
  rows(resource: ResourceName, where: Where): Promise<readonly Row[]>;
  /**
   * Returns the ids of all actors that created or updated the object (or only the given field), according to the audit
   * log and this transaction. For impersonated actions, includes both the impersonator and the impersonated principal.
   */
  authors(resource: ResourceName, id: string, field?: string): Promise<ReadonlySet<string>>;
  /** Returns true if at least one of these principals is in the group. */
  isMember(groupId: string, principalIds: readonly string[]): Promise<boolean>;
}

export interface Policy<R extends ResourceName = ResourceName> {
  /** Must be synchronous and depend on the request only. Never receives a record. */
  evaluate(request: AccessRequest<R>): Verdict<R>;
  /**
   * Reviews one change of a mutation, with the rows before and after it, inside the transaction and within a time
   * limit.
   * Can refuse the change but never widen access.
   */
  review?(request: AccessRequest<R>, change: Change<R>, look: LookUps): MaybePromise<Refusal | Abstention>;
  dispose?(): MaybePromise<void>;
}

export interface PolicyHost {
  /** Resolves references of the form 'tenant-key/group name' to group ids. A missing group is a load error. */
  groups(references: readonly string[]): ReadonlySet<string>;
  /** Resolves tenant keys to tenant ids. A missing tenant is a load error. */
  tenants(keys: readonly string[]): ReadonlySet<string>;
  /**
   * Returns the name unchanged and records it as unmatched if no service account has it in that tenant or
   * instance-wide.
   * Settings with unmatched names are rejected. Deleting the account later has no effect.
   */
  serviceAccount(name: string, tenantKey?: string): string;
}

export interface PolicyPlugin<R extends ResourceName = ResourceName, Config = unknown> {
  /** Must equal the name of the file without its extension. */
  readonly name: string;
  readonly description: string;
  readonly resources: readonly R[];
  /** Default: all. */
  readonly actions?: readonly Action[];
  /** Default: guard. A grant adds permissions and must be listed in `mayGrant` of the configuration. */
  readonly mode?: 'guard' | 'grant';
  /**
   * Values that `evaluate` reads other than the kind and groups of the actor. Actors that agree in these values share
   * verdicts.
   */
  readonly reads?: readonly ('id' | 'ip' | 'now' | 'credential' | 'reason')[];
  /**
   * True if a review judges the row after a change, whatever it was before and whoever changes it. What it would refuse
   * can then be listed for the present rows.
   */
  readonly judgesRows?: boolean;
  /**
   * Former names of the policy, each with a function that converts settings of that name to the current format.
   * Settings under a former name still apply, and a guard in force under a former name does not count as removed.
   */
  readonly formerly?: Readonly<
    Record<string, (settings: Readonly<Record<string, unknown>>) => Record<string, unknown>>
  >;
  /**
   * Returns true if the policy has no effect with these settings. It is then not part of the policies that an operator
   * accepts, so that a new version of Gatehouse with a new policy starts without a decision.
   */
  isInert?(config: Config): boolean;
  /** Validates the settings at load. Use a strict object to reject unknown settings. */
  readonly config?: z.ZodType<Config>;
  create(config: Config, host: PolicyHost): MaybePromise<Policy<R>>;
}

/** Infers the resource types, so that filters are typed. */
export const definePolicy = <R extends ResourceName, Config = unknown>(plugin: PolicyPlugin<R, Config>) => plugin;

export const abstain = (): { effect: 'abstain' } => ({ effect: 'abstain' });
export const deny = <W = never>(reason: string, unless?: W): { effect: 'deny'; reason: string; unless?: W } =>
  unless === undefined ? { effect: 'deny', reason } : { effect: 'deny', reason, unless };
export const allow = <W = never>(reason: string, when?: W): { effect: 'allow'; reason: string; when?: W } =>
  when === undefined ? { effect: 'allow', reason } : { effect: 'allow', reason, when };

/** All resources, for a policy that applies to everything. */
export const everyResource: readonly ResourceName[] = resourceNames;
/** The resources that can be changed, for a policy that applies to mutations only. */
export const changeableResources: readonly ResourceName[] = resourceNames.filter((resource) =>
  Object.keys(entry(resource).gates).some((action) => action !== 'READ'),
);

const orderedColumns = ['id', 'namespace', 'key', 'username'];
/**
 * The text columns that a filter on the resource can compare by range. They are not nullable and sort by bytes, both in
 * SQL and in memory.
 */
export const columnsFor = (resource: ResourceName): readonly string[] => {
  const columns = columnsOf(resource);
  return orderedColumns.filter((name) => columns.get(name)?.nullable === false);
};

/** A reference to a group in settings: 'tenant-key/group name'. */
export const groupReference = z.string().regex(/^[a-z0-9][a-z0-9_-]*\/.+$/, "is not 'tenant/group'");

/** The name of a namespace in settings. */
export const namespaceName = z.string().regex(/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$/, 'is not a namespace');
