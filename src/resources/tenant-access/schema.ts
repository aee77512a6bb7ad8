import { z } from 'zod';
import type { User } from '../../db/generated/client.ts';
import { refOf } from '../../graphql/connection-type.ts';
import { inTenant, mutation } from '../../graphql/mutation.ts';
import { username } from '../rules.ts';
import { decodeSubject, readSubject } from '../subject-type.ts';
import { grantTenantAccess, revokeTenantAccess } from './service.ts';

mutation('grantTenantAccess', {
  description: "Gives an existing user access to a tenant, found by exact user name, with the tenant's default role.",
  permission: 'TENANT_ACCESS:CREATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    username: t.string({ required: true, description: 'Exact user name, in any case.' }),
    withDefaultRole: t.boolean({ description: 'Bind the default role, where the tenant has one (default: true).' }),
  }),
  rules: z.looseObject({ username }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: async (tx, grant, { username, withDefaultRole }, { tenant }): Promise<User> => {
    const id = await grantTenantAccess(tx, grant, tenant!, { username, withDefaultRole: withDefaultRole ?? true });
    return tx.user.findUniqueOrThrow({ where: { id } });
  },
  payload: (t) => ({
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description: 'Who has access now; null in a dry run, unless the viewer may read them already.',
      resolve: async ({ result, changes }, _args, context) =>
        changes === null || (await readSubject(context, { typename: 'User', id: result.id }, null)) ? result : null,
    }),
  }),
});

mutation('revokeTenantAccess', {
  description: 'Withdraws access to a tenant, with the bindings and memberships there.',
  permission: 'TENANT_ACCESS:DELETE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    subject: t.id({ required: true, description: 'Id of a user.' }),
  }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  run: async (tx, grant, { subject }, { tenant }) => {
    const { typename, id } = decodeSubject(subject, ['input', 'subject']);
    await revokeTenantAccess(tx, grant, tenant!, id);
    return { id, subject, typename };
  },
  payload: (t) => ({
    subjectId: t.id({ description: 'Who has no access any more.', resolve: ({ result }) => result.subject }),
  }),
});
