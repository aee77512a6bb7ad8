import { badInput } from '../../errors.ts';
import { isEscalation } from '../../policy/principals/held-permissions.ts';
import { builder } from '../builder.ts';
import { globalId } from '../node.ts';
import { permissionFields } from '../permission-input.ts';
import { shownName } from '../personal.ts';
import type { Impact, PrincipalImpact, ToldPermission } from './impact.ts';

const HeldPermission = builder.objectRef<ToldPermission>('HeldPermission').implement({
  description: 'A permission as somebody holds it by their roles, policies left out.',
  fields: (t) => ({
    ...permissionFields<ToldPermission>(t, ({ permission }) => permission),
    tenant: t.exposeString('tenantKey', { nullable: true, description: 'Key of the tenant; null: in the instance.' }),
    namespace: t.string({
      nullable: true,
      description: 'In this namespace and below; null: everywhere there.',
      resolve: ({ namespace }) => namespace || null,
    }),
    ownedGroup: t.id({
      nullable: true,
      description: 'Over the members of this group alone, by owning it; null: not limited so.',
      resolve: ({ groupId }) => (groupId === null ? null : globalId('Group', groupId)),
    }),
    escalation: t.boolean({
      description: 'Is it held at the instance level, or power over identity and access?',
      resolve: (held) => isEscalation(held),
    }),
  }),
});

const PrincipalImpactRef = builder.objectRef<PrincipalImpact>('PrincipalImpact').implement({
  description: 'What a change does to the rights of one user or service account.',
  fields: (t) => ({
    subjectId: t.id({
      description: 'Id of the user or service account. Who is only to be created has one that nothing answers to.',
      resolve: ({ kind, id }) => globalId(kind === 'USER' ? 'User' : 'ServiceAccount', id),
    }),
    name: t.string({
      description: 'User name, or name of the service account.',
      resolve: ({ kind, id, name }, _args, context) => (kind === 'USER' ? shownName(context, id, name) : name),
    }),
    superAdmin: t.exposeBoolean('superAdmin', {
      nullable: true,
      description: 'Do they become a super admin (true), or cease to be one (false)? Null: neither, or not told.',
    }),
    gained: t.field({
      type: [HeldPermission],
      description: 'What they hold then and do not hold now, at least not in all of that subtree.',
      resolve: ({ gained }) => [...gained],
    }),
    lost: t.field({
      type: [HeldPermission],
      description: 'What they hold now and no longer then, at least not in all of that subtree.',
      resolve: ({ lost }) => [...lost],
    }),
    hiddenPermissions: t.exposeInt('hidden', {
      description: 'How many more come or go, of bindings and roles that the viewer may not read.',
    }),
  }),
});

const Refusal = builder.objectRef<Impact['refusals'][number]>('ImpactRefusal').implement({
  description: 'One item of the list that would be refused.',
  fields: (t) => ({
    policy: t.exposeString('policy', {
      nullable: true,
      description: 'Which policy refuses; null: none, it is not found.',
    }),
    code: t.exposeString('code', { description: 'The code of its error.' }),
    message: t.exposeString('message', { description: 'Why.' }),
  }),
});

export const AccessImpact = builder.objectRef<Impact>('AccessImpact').implement({
  description: 'What a change would do to who may do what. Counted by what is held; policies are left out.',
  fields: (t) => ({
    principals: t.field({
      type: [PrincipalImpactRef],
      description: 'Whose rights change, of those whom the viewer may read, in the order of ids.',
      args: { first: t.arg.int({ description: 'At most so many (default: as many as a page may have).' }) },
      resolve: ({ principals }, { first }, { limits }) => {
        const size = first ?? limits.pageSize;
        if (size < 0 || size > limits.pageSize) throw badInput(['first'], `At most ${limits.pageSize} at once.`);
        return principals.slice(0, size);
      },
    }),
    principalCount: t.int({
      description: 'How many these are, over all of them.',
      resolve: ({ principals }) => principals.length,
    }),
    hiddenPrincipals: t.exposeInt('hiddenPrincipals', {
      description: 'How many more there are, whom the viewer may not read.',
    }),
    escalations: t.exposeInt('escalations', {
      description: 'How many gain something at the instance level, or power over identity and access.',
    }),
    orphanedTenants: t.stringList({
      description:
        'Keys of the tenants that would be left without anybody who holds BINDING:CREATE and ROLE:UPDATE in all of it, super admins apart.',
      resolve: ({ orphanedTenants }) => [...orphanedTenants],
    }),
    hiddenOrphanedTenants: t.exposeInt('hiddenOrphanedTenants', {
      description: 'How many more there are, which the viewer may not see.',
    }),
    refusals: t.field({
      type: [Refusal],
      description: 'The single items that would be refused while the rest is done.',
      resolve: ({ refusals }) => [...refusals],
    }),
  }),
});
