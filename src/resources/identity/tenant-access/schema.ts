import { z } from 'zod';
import type { User } from '../../../db/generated/client.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { type SubjectNode, subjectNodes } from '../../../graphql/readable-principals.ts';
import { username } from '../../rules.ts';
import { serviceAccountName } from '../service-account/service.ts';
import { decodeSubject, readSubject, Subject } from '../subject-type.ts';
import { grantTenantAccess, revokeTenantAccess } from './service.ts';

mutation('grantTenantAccess', {
  description:
    "Grants access to a tenant: to a user, with the tenant's default role, or to an instance-wide service account, such as an engine that serves several tenants. Both are identified by exact name.",
  permission: 'TENANT_ACCESS:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    username: t.string({ description: 'Exact user name, case-insensitive. Excludes serviceAccountName.' }),
    serviceAccountName: t.string({
      description: 'Exact name of an instance-wide service account. Excludes username.',
    }),
    withDefaultRole: t.boolean({
      description:
        'True to bind the default role of the tenant, if it has one. Defaults to true for a user, false for a service account.',
    }),
  }),
  rules: z.looseObject({ username: username.nullish(), serviceAccountName: serviceAccountName.nullish() }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: async (
    tx,
    grant,
    { username: user, serviceAccountName: account, withDefaultRole },
    { tenant },
  ): Promise<SubjectNode> => {
    const id = await grantTenantAccess(tx, grant, tenant, {
      username: user,
      serviceAccount: account,
      withDefaultRole,
    });
    return (await subjectNodes(tx, [id])).get(id)!;
  },
  payload: (t) => ({
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description:
        'The user. Null for a service account. In a dry run, null unless the viewer can already read the user.',
      resolve: async ({ result, changes }, _args, context) =>
        result.__typename === 'User' && (changes === null || (await readSubject(context, refTo(result), null)))
          ? (result as User)
          : null,
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The user or service account. In a dry run, null unless the viewer can already read it.',
      resolve: async ({ result, changes }, _args, context) =>
        changes === null || (await readSubject(context, refTo(result), null)) ? (result as never) : null,
    }),
  }),
});
const refTo = ({ __typename: typename, id }: SubjectNode) => ({ typename, id });

mutation('revokeTenantAccess', {
  description: 'Revokes access to a tenant, with the bindings and memberships in it.',
  permission: 'TENANT_ACCESS:DELETE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    subject: t.id({ required: true, description: 'ID of a user.' }),
  }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: async (tx, grant, { subject }, { tenant }) => {
    const { typename, id } = decodeSubject(subject, ['input', 'subject']);
    await revokeTenantAccess(tx, grant, tenant, id);
    return { id, subject, typename };
  },
  payload: (t) => ({
    subjectId: t.id({ description: 'ID of the user or service account.', resolve: ({ result }) => result.subject }),
  }),
});
