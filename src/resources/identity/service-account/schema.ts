import { z } from 'zod';
import type { ServiceAccount, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { type Condition, connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { anyCondition, nothing, reachOf, rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenantOrInstance } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId, registerNode } from '../../../graphql/node.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { optionalTenantFields } from '../../../graphql/tenant-fields.ts';
import { escapeLike } from '../../../lib/text.ts';
import { description } from '../../rules.ts';
import { Subject } from '../subject-type.ts';
import {
  createServiceAccountWithGroups,
  deleteServiceAccount,
  maxGroups,
  serviceAccountName,
  updateServiceAccount,
} from './service.ts';

const ServiceAccountRef = builder.prismaNode('ServiceAccount', {
  description: 'A program that uses the gateway. It signs in with API tokens only.',
  interfaces: [Subject],
  id: { field: 'id' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'A DNS label of at most 63 characters, unique in its tenant.' }),
    description: t.exposeString('description', { nullable: true, description: 'The description.' }),
    superAdmin: t.boolean({
      nullable: true,
      access: { decides: 'SERVICE_ACCOUNT:READ' },
      description: 'True for a super admin.',
      resolve: (account, _args, { session }) => {
        const grant = session.grant('SERVICE_ACCOUNT:READ', { tenantId: account.tenantId ?? undefined });
        if (!grant.matches({ ...account })) throw grant.refusalOf({ ...account });
        return account.superAdmin;
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    ...optionalTenantFields<ServiceAccount>(t, 'null for an instance-wide account'),
    viewerPermissions: viewerPermissions<ServiceAccount>(t, 'SERVICE_ACCOUNT', ({ tenantId }) => ({
      tenantId: tenantId ?? undefined,
    })),
  }),
});

/** Condition on instance-wide accounts: "has an access row within this reach". */
const byAccess = (where: Condition): Condition => ({
  AND: [{ tenantId: null }, { principal: { accesses: { some: where } } }],
});

registerNode({
  typename: 'ServiceAccount',
  resource: 'SERVICE_ACCOUNT',
  async find(context, id) {
    const place = await rows(context).first('ServiceAccount', { id }, ['tenantId']);
    // An unknown ID is checked as well, so that timing does not reveal whether it exists.
    const tenantId = place ? ((place['tenantId'] as string | null) ?? undefined) : '';
    const own = context.session.may('SERVICE_ACCOUNT:READ', { tenantId });
    const accesses = await reachOf(context, 'TENANT_ACCESS:READ', await tenantScopes(context));
    const reach = anyCondition([...(own ? [own.where as Condition] : []), ...(accesses ? [byAccess(accesses)] : [])]);
    return (await rows(context).first('ServiceAccount', { AND: [{ id }, reach ?? nothing] })) ?? null;
  },
});

export const ServiceAccountConnection = connectionType('ServiceAccount', ServiceAccountRef);
const order = orderBy('ServiceAccount', {
  NAME: { column: 'name', description: 'By name.' },
  CREATED_AT: { column: 'createdAt', description: 'By time of creation.' },
});
const Where = builder.inputType('ServiceAccountWhere', {
  description: 'Filter. All given fields must match.',
  fields: (t) => ({ text: t.string({ description: 'Text in the name.' }) }),
});

builder.prismaObjectField('Tenant', 'serviceAccounts', (t) =>
  connection(t, {
    connection: ServiceAccountConnection,
    description: 'Service accounts of the tenant.',
    permission: 'SERVICE_ACCOUNT:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'ServiceAccount',
    within: ({ id }) => ({ tenantId: id }),
    where: { input: Where, toCondition: ({ text }) => (text != null ? { name: { contains: escapeLike(text) } } : {}) },
    order,
  }),
);

builder.prismaObjectField('Tenant', 'instanceServiceAccounts', (t) =>
  connection(t, {
    connection: ServiceAccountConnection,
    description: 'Instance-wide service accounts with access to the tenant, such as engines.',
    permission: 'TENANT_ACCESS:READ',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    model: 'ServiceAccount',
    within: ({ id }) => byAccess({ tenantId: id }),
    reach: (where) => byAccess(where),
    where: { input: Where, toCondition: ({ text }) => (text != null ? { name: { contains: escapeLike(text) } } : {}) },
    order,
  }),
);

const groups = z.array(z.unknown()).max(maxGroups, `At most ${maxGroups} groups are allowed.`).nullish();
const ofAccount = ({ id }: { id: string | number }, context: Context) =>
  byId('SERVICE_ACCOUNT', 'ServiceAccount', id, context);

mutation('createServiceAccount', {
  description:
    'Creates a service account with access to its tenant. To add it to groups, the caller must be allowed to add members to each of them.',
  permission: 'SERVICE_ACCOUNT:CREATE',
  input: (t) => ({
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for an instance-wide account, which only a super admin can create.',
    }),
    name: t.string({ required: true, description: 'A DNS label: a-z, 0-9 and hyphens, at most 63 characters.' }),
    description: t.string({ description: 'The description.' }),
    groups: t.idList({
      description: `IDs of groups of the tenant that the account becomes a member of, at most ${maxGroups}.`,
    }),
  }),
  rules: z.looseObject({ name: serviceAccountName, description, groups }),
  target: ({ tenantKey }, context) => inTenantOrInstance(tenantKey, context),
  run: (tx, grant, { groups, ...input }, { tenant }, { session }) => {
    const groupIds = (groups ?? []).map((id, i) => decodeId(String(id), ['Group'], ['input', 'groups', i]).id);
    return createServiceAccountWithGroups(tx, grant, session, tenant, { ...input, groupIds });
  },
  payload: (t) => ({ serviceAccount: changed(t, ServiceAccountRef, 'The new service account.') }),
});

mutation('updateServiceAccount', {
  description: 'Updates a service account.',
  permission: 'SERVICE_ACCOUNT:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the service account.' }),
    name: t.string({ description: 'New name. Omit to keep the current one.' }),
    description: t.string({ description: 'New description; null clears it.' }),
  }),
  rules: z.looseObject({ name: serviceAccountName.nullish(), description }),
  target: (input, context) => ofAccount(input, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }) => updateServiceAccount(tx, grant, tenant, id, input),
  payload: (t) => ({ serviceAccount: changed(t, ServiceAccountRef, 'The updated service account.') }),
});

mutation('deleteServiceAccount', {
  description: 'Deletes a service account with its bindings, memberships and tokens.',
  permission: 'SERVICE_ACCOUNT:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the service account.' }) }),
  target: (input, context) => ofAccount(input, context),
  run: (tx, grant, _input, { tenant, id }) => deleteServiceAccount(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('ServiceAccount', result.id),
    }),
  }),
});
