import type { Permission } from '../../../access/catalog.ts';
import type { Where } from '../../../access/where.ts';
import type { AccessSession } from '../../../policy/session/session.ts';

/** The reach in one tenant. */
export interface Scoped {
  readonly tenantId: string;
  readonly where: Where;
}

const permissions = {
  namespaces: 'NAMESPACE:READ',
  flows: 'FLOW:READ',
  triggers: 'TRIGGER:READ',
  executions: 'EXECUTION:READ',
  users: 'TENANT_ACCESS:READ',
  groups: 'GROUP:READ',
  roles: 'ROLE:READ',
  serviceAccounts: 'SERVICE_ACCOUNT:READ',
} as const satisfies Record<string, Permission>;
export type Counted = keyof typeof permissions;

/** The reach of a viewer in each tenant. Empty: the viewer cannot count the resource anywhere. */
export type Reach = Readonly<Record<Counted, readonly Scoped[]>>;

/** A viewer whose only grant is for their own rows does not count: the result would be themselves. */
function scopedTo(session: AccessSession, permission: Permission, tenantId: string): Scoped[] {
  const grant = session.may(permission, { tenantId });
  if (!grant) return [];
  const { steps } = session.decide(permission, { tenantId });
  const granted = steps.filter(({ mode, effect, shadow }) => mode === 'grant' && effect === 'allow' && !shadow);
  return granted.every(({ policy }) => policy === 'self') ? [] : [{ tenantId, where: grant.where }];
}

/** The reach of the viewer in these tenants, by READ of each resource. */
export const reachIn = (session: AccessSession, tenantIds: readonly string[]): Reach =>
  Object.fromEntries(
    Object.entries(permissions).map(([counted, permission]) => [
      counted,
      tenantIds.flatMap((tenantId) => scopedTo(session, permission, tenantId)),
    ]),
  ) as unknown as Reach;
