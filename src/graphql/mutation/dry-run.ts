import type { Permission } from '../../access/catalog.ts';
import { split } from '../../access/catalog.ts';
import { readResource } from '../../access/resource.ts';
import type { AuditDraft } from '../../audit/event.ts';
import { recordedIn } from '../../audit/record.ts';
import type { Tx } from '../../db/transaction.ts';
import type { GatehouseError } from '../../errors.ts';
import type { AccessSession } from '../../policy/session/session.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import { shownKey, shownPatch } from '../personal.ts';
import { impactOf } from './impact.ts';
import { AccessImpact } from './impact-type.ts';
import type { Outcome, PayloadBuilder, Plan } from './spec.ts';
import type { Target } from './target.ts';

export const noPlan: Plan = { changes: null, hidden: null, impact: null };

const PlannedChange = builder.objectRef<AuditDraft>('PlannedChange').implement({
  description: 'One change of a dry run.',
  fields: (t) => ({
    action: t.exposeString('action', { description: 'Action of the change, such as group.update.' }),
    resourceKey: t.string({
      nullable: true,
      description: 'The changed object; null if the viewer cannot read it.',
      resolve: (change, _args, context) => (change.resourceKey === '' ? null : shownKey(context, change)),
    }),
    namespaceName: t.string({
      nullable: true,
      description: 'The namespace.',
      resolve: ({ namespace }) => namespace || null,
    }),
    patch: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The change, as JSON Patch.',
      resolve: (change, _args, context) => (change.patch ? shownPatch(context, change, change.patch) : null),
    }),
  }),
});

/** Payload fields of every mutation with `dryRun`. */
export const planFields = <Result>(t: PayloadBuilder<Result>) => ({
  changes: t.field({
    type: [PlannedChange],
    nullable: true,
    description: 'With dryRun: the planned changes. Otherwise null.',
    resolve: ({ changes }: Outcome<Result>) => changes as AuditDraft[] | null,
  }),
  hiddenChanges: t.int({
    nullable: true,
    description: 'With dryRun: the number of further changes, of objects that the viewer cannot read.',
    resolve: ({ hidden }: Outcome<Result>) => hidden,
  }),
  impact: t.field({
    type: AccessImpact,
    nullable: true,
    description: 'With dryRun: the effect on access. Otherwise null.',
    resolve: ({ impact }: Outcome<Result>) => impact,
  }),
});

/** The pending changes at the end of the transaction. */
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

/** The caller before and after the changes. A caller who deletes themselves is absent after. */
async function beforeAndAfter(tx: Tx, session: AccessSession): Promise<AccessSession[]> {
  const isThere = (await tx.principal.count({ where: { id: session.principal.id } })) > 0;
  return isThere ? [session, await session.inside(tx)] : [session];
}

/**
 * The changes that the caller can know of: requested ones, and objects that they can read before or after. Dependent
 * deletions may belong to tenants and namespaces that the caller cannot see.
 */
function readable(
  viewers: readonly AccessSession[],
  changes: readonly AuditDraft[],
  permission: Permission,
  { id }: Target,
): AuditDraft[] {
  const [own, action] = split(permission);
  return changes.flatMap((change) => {
    const { resource, type, resourceId, tenantId, namespace, details } = change;
    const { ids } = (details ?? {}) as { ids?: Readonly<Record<string, string>> };
    const scope = { tenantId: tenantId === '' ? undefined : tenantId };
    const isReadable = viewers.some((one) =>
      one.can(`${readResource(resource)}:READ` as Permission, { ...ids, id: resourceId, tenantId, namespace }, scope),
    );
    if (isReadable || (resource === own && type === 'CREATE')) return [change];
    // The requested change itself is known to the caller. Its name and place may not be.
    if (resource === own && type === action && resourceId === id) return [withoutContent(change)];
    return [];
  });
}

function withoutContent({ patch: _patch, revertPatch: _back, ...change }: AuditDraft): AuditDraft {
  return { ...change, resourceKey: '', namespace: '', patchText: '' };
}
