/**
 * The contract of a policy: all that a file in `plugins/` may import.
 *
 * A policy is a named object. It is asked about a *kind* of thing, never about a record, and answers with a filter:
 * so one answer serves a list, a single object, a mutation and an event alike. Roles grant, policies restrict,
 * silence refuses. A guard (the default) may only narrow.
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
type NamespaceResource = 'NAMESPACE' | 'SECRET' | 'FLOW' | 'EXECUTION' | 'TRIGGER' | 'AUDITLOG' | 'BINDING';

/** The columns that a policy may filter a resource by. */
export type ColumnsOf<R extends ResourceName> = R extends NamespaceResource
  ? { tenantId: string; namespace: string }
  : R extends 'TENANT'
    ? { id: string; key: string }
    : R extends 'USER'
      ? { id: string; username: string }
      : { tenantId: string };

/** A portable filter over one resource: equality, `in`, ranges, AND, and a non-empty OR. Nothing negative. */
export type WhereOf<R extends ResourceName> =
  | Where
  | { readonly [C in keyof ColumnsOf<R>]?: ColumnsOf<R>[C] | Comparison };

export interface AccessRequest<R extends ResourceName = ResourceName> {
  readonly actor: Actor;
  readonly action: Action;
  readonly resource: R;
  readonly scope: {
    /** Absent at instance level. Namespaces are spoken of through filters. */
    readonly tenantId?: string;
    /** Set where a mutation touches only this part of the resource: the members of a group. */
    readonly part?: 'members';
  };
  readonly env: Env;
}

/**
 * Something to do when the outcome is allow.
 * - `audit` writes a note into the audit events of the request.
 * - `mask` shows these fields of the resource as `***`, wherever their values appear (answers, patches, names, search),
 *   but for the rows of `unless` and those that the permission `unlessHolding` reaches at the instance level.
 */
export type Obligation =
  | { readonly kind: 'audit'; readonly note: string }
  | {
      readonly kind: 'mask';
      readonly fields: readonly string[];
      readonly unless?: Where;
      readonly unlessHolding?: Permission;
    };

export type Verdict<R extends ResourceName = ResourceName> =
  | { effect: 'allow'; reason: string; when?: WhereOf<R>; until?: Date; obligations?: readonly Obligation[] }
  | { effect: 'deny'; reason: string; unless?: WhereOf<R>; until?: Date }
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

/** What a review may look up, inside the transaction. */
export interface LookUps {
  /**
   * How many rows of the resource the tenant (null: the instance) has, or has in a namespace and below it, the change
   * included: what is stored, and what the transaction has reviewed and not written yet. Nobody else who counts the
   * same goes on until the transaction ends. Namespaces count that were created (not implied ones), roles that are not
   * managed, API tokens that still work.
   */
  count(resource: ResourceName, tenantId: string | null, namespace?: string): Promise<number>;
  /** The stored rows, of the tenant that was decided about, that satisfy a filter; more than 1,000 are an error. */
  rows(resource: ResourceName, where: Where): Promise<readonly Row[]>;
  /**
   * Ids of everybody who created the object or ever changed it (that field of it), as the audit log and this
   * transaction tell it. Who acted as somebody else counts, and so does whom they acted as.
   */
  authors(resource: ResourceName, id: string, field?: string): Promise<ReadonlySet<string>>;
  /** Is one of these principals in the group? */
  isMember(groupId: string, principalIds: readonly string[]): Promise<boolean>;
}

export interface Policy<R extends ResourceName = ResourceName> {
  /** Synchronous, and pure in its request. Never sees a record. */
  evaluate(request: AccessRequest<R>): Verdict<R>;
  /** Mutations only, inside the transaction, timed: before and after. May refuse, never widen. */
  review?(request: AccessRequest<R>, change: Change<R>, look: LookUps): MaybePromise<Refusal | Abstention>;
  dispose?(): MaybePromise<void>;
}

export interface PolicyHost {
  /** Ids of the groups that 'tenant-key/group name' refer to. A missing one refuses the start. */
  groups(references: readonly string[]): ReadonlySet<string>;
  /** Ids of the tenants of these keys. A missing one refuses the start. */
  tenants(keys: readonly string[]): ReadonlySet<string>;
  /**
   * The same name, of which it is noted where no service account has it (in that tenant or instance-wide): such settings
   * are not put in force. One that is deleted later does no harm.
   */
  serviceAccount(name: string, tenantKey?: string): string;
}

export interface PolicyPlugin<R extends ResourceName = ResourceName, Config = unknown> {
  /** The file's name. */
  readonly name: string;
  readonly description: string;
  readonly resources: readonly R[];
  /** Default: all. */
  readonly actions?: readonly Action[];
  /** Default: guard. A grant gives permissions, and only where the configuration names it in `mayGrant`. */
  readonly mode?: 'guard' | 'grant';
  /** What it looks at beyond kind and groups: answers are shared between actors who are alike in this. */
  readonly reads?: readonly ('id' | 'ip' | 'now' | 'credential' | 'reason')[];
  /**
   * Names that it had, each with how settings of that time are said today: what is said under a former name still holds,
   * and a store in which that one was in force has lost nothing.
   */
  readonly formerly?: Readonly<
    Record<string, (settings: Readonly<Record<string, unknown>>) => Record<string, unknown>>
  >;
  /** Checked at load; unknown settings are refused where it is a strict object. */
  readonly config?: z.ZodType<Config>;
  create(config: Config, host: PolicyHost): MaybePromise<Policy<R>>;
}

/** Infers the resources, so that filters are typed. */
export const definePolicy = <R extends ResourceName, Config = unknown>(plugin: PolicyPlugin<R, Config>) => plugin;

export const abstain = (): { effect: 'abstain' } => ({ effect: 'abstain' });
export const deny = <W = never>(reason: string, unless?: W): { effect: 'deny'; reason: string; unless?: W } =>
  unless === undefined ? { effect: 'deny', reason } : { effect: 'deny', reason, unless };
export const allow = <W = never>(reason: string, when?: W): { effect: 'allow'; reason: string; when?: W } =>
  when === undefined ? { effect: 'allow', reason } : { effect: 'allow', reason, when };

/** For a policy that is asked about everything. */
export const everyResource: readonly ResourceName[] = resourceNames;
/** For a policy that is asked about changes. */
export const changeableResources: readonly ResourceName[] = resourceNames.filter((resource) =>
  Object.keys(entry(resource).gates).some((action) => action !== 'READ'),
);

const orderedColumns = ['id', 'namespace', 'key', 'username'];
/** The text columns that a filter on the resource may order: in bytes, never null, the same in SQL and in memory. */
export const columnsFor = (resource: ResourceName): readonly string[] => {
  const columns = columnsOf(resource);
  return orderedColumns.filter((name) => columns.get(name)?.nullable === false);
};

/** How settings name a group: 'tenant-key/group name'. */
export const groupReference = z.string().regex(/^[a-z0-9][a-z0-9_-]*\/.+$/, "is not 'tenant/group'");

/** How settings name a namespace. */
export const namespaceName = z.string().regex(/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$/, 'is not a namespace');
