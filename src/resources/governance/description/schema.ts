import { z } from 'zod';
import { GatehouseError, notFound } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import type { Target } from '../../../graphql/mutation/target.ts';
import { visibleTenant } from '../../../graphql/scopes.ts';
import { tenantKey } from '../../rules.ts';
import { type Description, tenantDescription } from './model.ts';
import { applyDescription } from './service.ts';

/**
 * The tenant, or the instance if it must be created. The error for a hidden tenant is the same as without
 * TENANT:CREATE.
 */
async function tenantOrNew(key: string, context: Context): Promise<Target> {
  const tenant = await visibleTenant(context, key);
  if (tenant) return { scope: { tenantId: tenant.id }, tenant };
  const grant = context.session.may('TENANT:CREATE');
  if (!grant) throw notFound('The tenant');
  // Other creators would become its Admin, which the decisions about the rest of the description cannot consider.
  if (!grant.isSuperAdmin)
    throw new GatehouseError('FORBIDDEN', `The tenant ${key} does not exist. Create it first, then apply.`, {
      decisionId: grant.decisionId,
    });
  return { scope: {}, tenant: null };
}

mutation('applyDescription', {
  description: `Applies a description to a tenant: creates missing objects, updates different ones, and with prune deletes objects that
the description omits. Applies all changes or none. Each change requires the permission of its own mutation.`,
  permission: 'TENANT:READ',
  feedsAccess: true,
  input: (t) => ({
    tenantKey: t.string({
      required: true,
      description: 'Key of the tenant. If it does not exist, a super admin creates it.',
    }),
    description: t.field({
      type: 'JSON',
      required: true,
      description: `name, description, users (names of users with access), serviceAccounts, roles, groups (with owners and
members), bindings, namespaces, and people (required users of the instance). Omitted fields are kept.`,
    }),
    prune: t.boolean({
      defaultValue: false,
      description: `True to delete objects that the description omits, of each kind that it includes. Managed roles and the
caller's own access are kept. Users lose their access and are not deleted.`,
    }),
  }),
  rules: z.looseObject({ tenantKey, description: tenantDescription }),
  target: ({ tenantKey }, context) => tenantOrNew(tenantKey, context),
  run: (tx, _grant, { tenantKey: key, description, prune }, { tenant }, { session, limits }) =>
    applyDescription(tx, session, {
      key,
      tenant,
      // As parsed by the rules.
      description: description as Description,
      prune: prune ?? false,
      passwordLength: limits.passwordLength,
    }),
  payload: (t) => ({
    tenantKey: t.string({ description: 'Key of the tenant.', resolve: ({ result }) => result.tenant }),
    created: t.int({ description: 'Number of created objects.', resolve: ({ result }) => result.created }),
    updated: t.int({
      description: 'Number of updated objects. Each added or removed member is an update of its group.',
      resolve: ({ result }) => result.updated,
    }),
    deleted: t.int({ description: 'Number of deleted objects.', resolve: ({ result }) => result.deleted }),
    kept: t.stringList({
      description: "Objects that prune kept: the caller's own access and roles that still have bindings.",
      resolve: ({ result }) => [...result.kept],
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
