import { applyPatch } from 'rfc6902';
import type { Json } from '../../lib/json.ts';
import { remember } from '../../lib/remember.ts';

/** Resources whose events determine access, and POLICY for the policies in force. */
export const accessResources = [
  'TENANT',
  'USER',
  'SERVICE_ACCOUNT',
  'TENANT_ACCESS',
  'GROUP',
  'ROLE',
  'BINDING',
  'POLICY',
] as const;
export type AccessResource = (typeof accessResources)[number];

/** The part of an audit event that the projection needs. */
export interface AccessEvent {
  readonly resource: AccessResource;
  readonly resourceId: string;
  readonly resourceKey: string;
  readonly action: string;
  readonly patch: Json | null;
  readonly details: Json | null;
}

/** A row rebuilt from events: the audited fields, and the ids of related rows. */
export type ProjectedRow = Readonly<Record<string, unknown>>;

/** The event does not identify the affected rows. */
export class IncompleteEvent extends Error {}

/** The fields that determine access. Other fields of events (profiles, settings, quotas) are ignored. */
const fieldsOfAccess: Readonly<Record<AccessResource | 'MEMBER', ReadonlySet<string>>> = {
  TENANT: new Set(['key']),
  USER: new Set(['username', 'superAdmin', 'disabled']),
  SERVICE_ACCOUNT: new Set(['name', 'superAdmin', 'disabled']),
  TENANT_ACCESS: new Set(['subject']),
  GROUP: new Set(['name']),
  ROLE: new Set(['name', 'permissions']),
  BINDING: new Set(['namespace']),
  MEMBER: new Set(['membership']),
  POLICY: new Set(),
};

interface Step {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** Patches contain `add`, `remove` and `replace` only, so the first segment of the path is the field. */
const isOfAccess = ({ path }: Step, fields: ReadonlySet<string>): boolean =>
  path === '' || fields.has(path.split('/')[1]!);

const requiredIds: Partial<Record<AccessResource, readonly string[]>> = {
  BINDING: ['roleId'],
  TENANT_ACCESS: ['principalId'],
};
const isOfMember = ({ resource, action }: AccessEvent): boolean =>
  resource === 'GROUP' && !['group.create', 'group.update', 'group.delete'].includes(action);

/** A projection of one audit chain: who had which access at one position. */
export class AccessProjection {
  /** Rows by resource, then by id. Group members are MEMBER, by the ids of group and principal. */
  readonly #rows: Map<string, Map<string, ProjectedRow>>;
  policySet: string | null;

  constructor(content?: Json) {
    const { policySet = null, rows = {} } = (content ?? {}) as {
      policySet?: string | null;
      rows?: Record<string, Record<string, ProjectedRow>>;
    };
    this.policySet = policySet;
    this.#rows = new Map(Object.entries(rows).map(([kind, ofKind]) => [kind, new Map(Object.entries(ofKind))]));
  }

  /** Returns the rows of a resource, by id. */
  of(kind: AccessResource | 'MEMBER'): ReadonlyMap<string, ProjectedRow> {
    return this.#rows.get(kind) ?? new Map();
  }

  /** Applies an event. @throws {IncompleteEvent} */
  apply(event: AccessEvent): void {
    const { resource, resourceId, patch } = event;
    if (resource === 'POLICY') {
      this.policySet = event.resourceKey;
      return;
    }
    if (patch === null) return;
    const { ids = {} } = (event.details ?? {}) as { ids?: Record<string, string> };
    const ofMember = isOfMember(event);
    for (const link of ofMember ? ['principalId'] : (requiredIds[resource] ?? []))
      if (!ids[link]) throw new IncompleteEvent();
    const kind = ofMember ? 'MEMBER' : resource;
    const patched = (patch as unknown as Step[]).filter((step) => isOfAccess(step, fieldsOfAccess[kind]));
    if (patched.length === 0) return;
    const rows = remember(this.#rows, kind, () => new Map<string, ProjectedRow>());
    const id = ofMember ? `${resourceId} ${ids['principalId']}` : resourceId;
    const state = { row: fieldsOf(rows.get(id)) };
    const steps = patched.map((step) => ({ ...step, path: `/row${step.path}` }));
    if (applyPatch(state, steps as never).some((fault) => fault !== null)) throw new IncompleteEvent();
    if (state.row === null) rows.delete(id);
    else rows.set(id, { ...state.row, ...ids, ...(ofMember && { groupId: resourceId }) });
  }

  toJson(): Json {
    const rows = Object.fromEntries([...this.#rows].map(([kind, ofKind]) => [kind, Object.fromEntries(ofKind)]));
    return { policySet: this.policySet, rows } as Json;
  }
}

/** Returns a copy, because patches change rows in place. */
const fieldsOf = (row: ProjectedRow | undefined): ProjectedRow | null => (row ? structuredClone(row) : null);
