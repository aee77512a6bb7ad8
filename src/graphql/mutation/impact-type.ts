import { badInput } from '../../errors.ts';
import { isEscalation } from '../../policy/principals/held-permissions.ts';
import { builder } from '../builder.ts';
import { globalId } from '../node.ts';
import { permissionFields } from '../permission-input.ts';
import { shownName } from '../personal.ts';
import type { Impact, PrincipalImpact, VisiblePermission } from './impact.ts';

const HeldPermission = builder.objectRef<VisiblePermission>('HeldPermission').implement({
  description: 'A permission that a principal has through roles, without regard to policies.',
  fields: (t) => ({
    ...permissionFields<VisiblePermission>(t, ({ permission }) => permission),
    tenantKey: t.exposeString('tenantKey', {
      nullable: true,
      description: 'Key of the tenant; null at the instance level.',
    }),
    namespaceName: t.string({
      nullable: true,
      description: 'This namespace and all below it; null for all namespaces.',
      resolve: ({ namespace }) => namespace || null,
    }),
    ownedGroup: t.id({
      nullable: true,
      description:
        'Restricts the permission to the members of this group, which the principal owns; null if not restricted.',
      resolve: ({ groupId }) => (groupId === null ? null : globalId('Group', groupId)),
    }),
    escalation: t.boolean({
      description: 'True for a permission at the instance level or over identity and access.',
      resolve: (held) => isEscalation(held),
    }),
  }),
});

const PrincipalImpactRef = builder.objectRef<PrincipalImpact>('PrincipalImpact').implement({
  description: 'Effect of a change on the permissions of one user or service account.',
  fields: (t) => ({
    subjectId: t.id({
      description: 'ID of the user or service account. For one that the change creates, the ID is temporary.',
      resolve: ({ kind, id }) => globalId(kind === 'USER' ? 'User' : 'ServiceAccount', id),
    }),
    name: t.string({
      description: 'User name, or name of the service account.',
      resolve: ({ kind, id, name }, _args, context) => (kind === 'USER' ? shownName(context, id, name) : name),
    }),
    superAdmin: t.exposeBoolean('superAdmin', {
      nullable: true,
      description:
        'True if the principal becomes a super admin, false if it ceases to be one. Null if unchanged or not visible.',
    }),
    gained: t.field({
      type: [HeldPermission],
      description: 'Permissions after the change that the principal does not have now in all of that subtree.',
      resolve: ({ gained }) => [...gained],
    }),
    lost: t.field({
      type: [HeldPermission],
      description: 'Permissions now that the principal does not have after the change in all of that subtree.',
      resolve: ({ lost }) => [...lost],
    }),
    hiddenPermissions: t.exposeInt('hidden', {
      description:
        'Number of further gained or lost permissions, through bindings and roles that the viewer cannot read.',
    }),
  }),
});

const Refusal = builder.objectRef<Impact['refusals'][number]>('ImpactRefusal').implement({
  description: 'An item of the list that would be refused.',
  fields: (t) => ({
    policy: t.exposeString('policy', {
      nullable: true,
      description: 'The policy that refuses; null if the object is not found.',
    }),
    code: t.exposeString('code', { description: 'Error code.' }),
    message: t.exposeString('message', { description: 'The reason.' }),
  }),
});

export const AccessImpact = builder.objectRef<Impact>('AccessImpact').implement({
  description: 'Effect of a change on access. Based on roles and bindings; policies are not considered.',
  fields: (t) => ({
    principals: t.field({
      type: [PrincipalImpactRef],
      description: 'Principals whose permissions change and that the viewer can read, in order of IDs.',
      args: { first: t.arg.int({ description: 'Number of principals, at most the max page size (the default).' }) },
      resolve: ({ principals }, { first }, { limits }) => {
        const size = first ?? limits.pageSize;
        if (size < 0 || size > limits.pageSize) throw badInput(['first'], `At most ${limits.pageSize} are allowed.`);
        return principals.slice(0, size);
      },
    }),
    principalCount: t.int({
      description: 'Total number of these principals.',
      resolve: ({ principals }) => principals.length,
    }),
    hiddenPrincipals: t.exposeInt('hiddenPrincipals', {
      description: 'Number of further principals, which the viewer cannot read.',
    }),
    escalations: t.exposeInt('escalations', {
      description: 'Number of principals that gain permissions at the instance level or over identity and access.',
    }),
    orphanedTenantKeys: t.stringList({
      description:
        'Keys of the tenants in which no principal except super admins would have BINDING:CREATE and ROLE:UPDATE for the whole tenant.',
      resolve: ({ orphanedTenantKeys }) => [...orphanedTenantKeys],
    }),
    hiddenOrphanedTenants: t.exposeInt('hiddenOrphanedTenants', {
      description: 'Number of further tenants, which the viewer cannot read.',
    }),
    refusals: t.field({
      type: [Refusal],
      description: 'Items that would be refused while the others are applied.',
      resolve: ({ refusals }) => [...refusals],
    }),
  }),
});
