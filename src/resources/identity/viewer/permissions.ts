import { allPermissions, entry, type Permission, split } from '../../../access/catalog.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { grouped, PermissionRef } from '../../../graphql/permission-input.ts';
import { visibleTenant } from '../../../graphql/scopes.ts';
import { ViewerRef } from '../../../graphql/viewer-ref.ts';
import { self } from '../../../policy/decide/built-in-grants/self.ts';
import type { Step } from '../../../policy/decide/combine.ts';
import { reaches } from '../../../policy/filter/partial-match.ts';

const isInTenants = (permission: Permission): boolean => entry(split(permission)[0]).level !== 'instance';

/** What every caller may do to their own account is not a permission that they have in a place. */
const isGiven = ({ policy, mode, effect }: Step): boolean =>
  mode === 'grant' && effect === 'allow' && policy !== self.name;

/** Permissions that the caller has for at least one object of the scope, after roles and policies. */
const heldIn = ({ session }: Context, tenantId: string | undefined, asked: readonly Permission[]): Permission[] => {
  const scope = tenantId === undefined ? {} : { tenantId };
  return asked.filter((permission) => {
    const decision = session.decide(permission, scope);
    const outcome = session.afterStepUp(decision);
    return outcome.effect === 'allow' && decision.steps.some(isGiven) && reaches(outcome.where, scope) !== 'no';
  });
};

builder.objectField(ViewerRef, 'permissions', (t) =>
  t.field({
    type: [PermissionRef],
    description:
      'Permissions that the viewer has in a tenant, or in a part of it, after roles and policies, if necessary after a step-up. What every caller can do to their own account is not included. A policy that reviews changes can still refuse one. Empty for a tenant that the viewer cannot see.',
    args: {
      tenantKey: t.arg.string({ description: 'Key of the tenant. Omit for the permissions at the instance level.' }),
    },
    resolve: async (_viewer, { tenantKey }, context) => {
      if (tenantKey == null) return grouped(heldIn(context, undefined, allPermissions));
      const tenant = await visibleTenant(context, tenantKey);
      return tenant ? grouped(heldIn(context, tenant.id, allPermissions.filter(isInTenants))) : [];
    },
  }),
);
