import type { Permission } from '../../access/catalog.ts';
import { split } from '../../access/catalog.ts';
import type { AuditDraft } from '../../audit/event.ts';
import { recordedIn } from '../../audit/record.ts';
import type { Tx } from '../../db/transaction.ts';
import type { GatehouseError } from '../../errors.ts';
import type { AccessSession } from '../../policy/session/session.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import { shownKey, shownPatch } from '../personal.ts';
import type { Outcome, PayloadBuilder } from './define.ts';
import { type Impact, impactOf } from './impact.ts';
import { AccessImpact } from './impact-type.ts';
import type { Target } from './target.ts';

/** What a dry run tells beside the payload's own fields. */
export interface Plan {
  /** What the caller may know of it. */
  readonly changes: readonly AuditDraft[] | null;
  /** How many more there are. */
  readonly hidden: number | null;
  /** Who gains and loses what. */
  readonly impact: Impact | null;
}
export const noPlan: Plan = { changes: null, hidden: null, impact: null };

const PlannedChange = builder.objectRef<AuditDraft>('PlannedChange').implement({
  description: 'One change that a dry run would make.',
  fields: (t) => ({
    action: t.exposeString('action', { description: 'What would happen, such as group.update.' }),
    resourceKey: t.string({
      nullable: true,
      description: 'To what; null where the viewer may not read the object.',
      resolve: (change, _args, context) => (change.resourceKey === '' ? null : shownKey(context, change)),
    }),
    namespace: t.string({
      nullable: true,
      description: 'In which namespace.',
      resolve: ({ namespace }) => namespace || null,
    }),
    patch: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The difference, as JSON Patch.',
      resolve: (change, _args, context) => (change.patch ? shownPatch(context, change, change.patch) : null),
    }),
  }),
});

/** The fields of every payload whose mutation takes `dryRun`. */
export const planFields = <Result>(t: PayloadBuilder<Result>) => ({
  changes: t.field({
    type: [PlannedChange],
    nullable: true,
    description: 'With dryRun: what would change. Else null.',
    resolve: ({ changes }: Outcome<Result>) => changes as AuditDraft[] | null,
  }),
  hiddenChanges: t.int({
    nullable: true,
    description: 'With dryRun: how many more changes there are, of objects that the viewer may not read.',
    resolve: ({ hidden }: Outcome<Result>) => hidden,
  }),
  impact: t.field({
    type: AccessImpact,
    nullable: true,
    description: 'With dryRun: who would gain and lose what. Else null.',
    resolve: ({ impact }: Outcome<Result>) => impact,
  }),
});

/** What the transaction would change, at its end. */
export async function planOf(
  tx: Tx,
  context: Context,
  permission: Permission,
  target: Target,
  refusals: readonly GatehouseError[],
): Promise<Plan> {
  const all = recordedIn(tx);
  const viewers = await beforeAndAfter(tx, context.session);
  const changes = readable(viewers, all, permission, target);
  const impact = await impactOf(tx, context, viewers, all, refusals);
  return { changes, hidden: all.length - changes.length, impact };
}

/** The caller as they are before the changes and after them. Who deletes themselves is not there afterwards. */
async function beforeAndAfter(tx: Tx, session: AccessSession): Promise<AccessSession[]> {
  const isThere = (await tx.principal.count({ where: { id: session.principal.id } })) > 0;
  return isThere ? [session, await session.inside(tx)] : [session];
}

/**
 * Of the changes, those that the caller may know of: what they asked for themselves, and objects that they may read,
 * before or after. What falls with an object can belong to tenants and namespaces that are closed to them.
 */
function readable(
  viewers: readonly AccessSession[],
  changes: readonly AuditDraft[],
  permission: Permission,
  { id }: Target,
): AuditDraft[] {
  const [own, action] = split(permission);
  return changes.flatMap((change) => {
    const { resource, type, resourceId, tenantId, namespace } = change;
    const scope = { tenantId: tenantId === '' ? undefined : tenantId };
    const isReadable = viewers.some((one) =>
      one.can(`${resource}:READ` as Permission, { id: resourceId, tenantId, namespace }, scope),
    );
    if (isReadable || (resource === own && type === 'CREATE')) return [change];
    // That it would change is known to who asks for it. What it is called and where it is are not.
    if (resource === own && type === action && resourceId === id) return [withoutContent(change)];
    return [];
  });
}

function withoutContent({ patch: _patch, revertPatch: _back, ...change }: AuditDraft): AuditDraft {
  return { ...change, resourceKey: '', namespace: '', patchText: '' };
}
