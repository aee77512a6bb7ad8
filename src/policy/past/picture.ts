import { applyPatch } from 'rfc6902';
import type { Json } from '../../lib/json.ts';
import { remember } from '../../lib/remember.ts';

/** What feeds access, and which policies were in force: the events from which a picture is made. */
export const told = [
  'TENANT',
  'USER',
  'SERVICE_ACCOUNT',
  'TENANT_ACCESS',
  'GROUP',
  'ROLE',
  'BINDING',
  'POLICY',
] as const;
export type Told = (typeof told)[number];

/** An event as far as a picture needs it. */
export interface ToldEvent {
  readonly resource: Told;
  readonly resourceId: string;
  readonly resourceKey: string;
  readonly action: string;
  readonly patch: Json | null;
  readonly details: Json | null;
}

/** A row as events tell it: the fields that are written down, and the ids of other rows. */
export type ToldRow = Readonly<Record<string, unknown>>;

/** The event does not say which rows it is about. */
export class Untold extends Error {}

/** The fields of a row that access is made of. What else events say of it (profiles, settings, quotas) is passed over. */
const fieldsOfAccess: Readonly<Record<Told | 'MEMBER', ReadonlySet<string>>> = {
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

/** A patch holds `add`, `remove` and `replace` only: the first name of a path says which field a step is about. */
const isOfAccess = ({ path }: Step, fields: ReadonlySet<string>): boolean =>
  path === '' || fields.has(path.split('/')[1]!);

const needed: Partial<Record<Told, readonly string[]>> = { BINDING: ['roleId'], TENANT_ACCESS: ['principalId'] };
const isOfMember = ({ resource, action }: ToldEvent): boolean =>
  resource === 'GROUP' && !['group.create', 'group.update', 'group.delete'].includes(action);

/** Who had which access in one chain of events at one of its positions. */
export class Picture {
  /** By resource, then by id; members of a group are MEMBER, by the ids of both. */
  readonly #rows: Map<string, Map<string, ToldRow>>;
  policySet: string | null;

  constructor(content?: Json) {
    const { policySet = null, rows = {} } = (content ?? {}) as {
      policySet?: string | null;
      rows?: Record<string, Record<string, ToldRow>>;
    };
    this.policySet = policySet;
    this.#rows = new Map(Object.entries(rows).map(([kind, ofKind]) => [kind, new Map(Object.entries(ofKind))]));
  }

  /** The rows of a kind, by id. */
  of(kind: Told | 'MEMBER'): ReadonlyMap<string, ToldRow> {
    return this.#rows.get(kind) ?? new Map();
  }

  /** Takes over what an event changed. @throws {Untold} */
  apply(event: ToldEvent): void {
    const { resource, resourceId, patch } = event;
    if (resource === 'POLICY') {
      this.policySet = event.resourceKey;
      return;
    }
    if (patch === null) return;
    const { ids = {} } = (event.details ?? {}) as { ids?: Record<string, string> };
    const ofMember = isOfMember(event);
    for (const link of ofMember ? ['principalId'] : (needed[resource] ?? [])) if (!ids[link]) throw new Untold();
    const kind = ofMember ? 'MEMBER' : resource;
    const patched = (patch as unknown as Step[]).filter((step) => isOfAccess(step, fieldsOfAccess[kind]));
    if (patched.length === 0) return;
    const rows = remember(this.#rows, kind, () => new Map<string, ToldRow>());
    const id = ofMember ? `${resourceId} ${ids['principalId']}` : resourceId;
    const state = { row: fieldsOf(rows.get(id)) };
    const steps = patched.map((step) => ({ ...step, path: `/row${step.path}` }));
    if (applyPatch(state, steps as never).some((fault) => fault !== null)) throw new Untold();
    if (state.row === null) rows.delete(id);
    else rows.set(id, { ...state.row, ...ids, ...(ofMember && { groupId: resourceId }) });
  }

  toJson(): Json {
    const rows = Object.fromEntries([...this.#rows].map(([kind, ofKind]) => [kind, Object.fromEntries(ofKind)]));
    return { policySet: this.policySet, rows } as Json;
  }
}

/** A copy that a patch may change. */
const fieldsOf = (row: ToldRow | undefined): ToldRow | null => (row ? structuredClone(row) : null);
