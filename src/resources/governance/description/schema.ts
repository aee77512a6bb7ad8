import { z } from 'zod';
import { GatehouseError, notFound } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import type { Target } from '../../../graphql/mutation/target.ts';
import { visibleTenant } from '../../../graphql/scopes.ts';
import { tenantKey } from '../../rules.ts';
import { type Description, tenantDescription } from './model.ts';
import { applyDescription } from './service.ts';

/** The tenant, or the instance where it is to be created; as for a foreign one where the viewer may not create it. */
async function tenantOrNew(key: string, context: Context): Promise<Target> {
  const tenant = await visibleTenant(context, key);
  if (tenant) return { scope: { tenantId: tenant.id }, tenant };
  const grant = context.session.may('TENANT:CREATE');
  if (!grant) throw notFound('The tenant');
  // Whoever else creates one becomes its Admin by it, which the decisions about the rest could not know.
  if (!grant.isSuperAdmin)
    throw new GatehouseError('FORBIDDEN', `There is no tenant ${key} yet: create it first, then apply.`, {
      decisionId: grant.decisionId,
    });
  return { scope: {}, tenant: null };
}

mutation('applyDescription', {
  description: `Brings a tenant to what is described: creates what is missing, changes what differs, and with prune removes
what is not described. All of it or nothing. Each change is decided under its own permission, as if it were sent alone.`,
  permission: 'TENANT:READ',
  feedsAccess: true,
  input: (t) => ({
    tenant: t.string({
      required: true,
      description: 'Key of the tenant. A super admin creates it where it is missing.',
    }),
    description: t.field({
      type: 'JSON',
      required: true,
      description: `name, description, users (names of those with access), serviceAccounts, roles, groups (with owners and
members), bindings, namespaces, and people (users of the instance who are to exist). What is left out stays as it is.`,
    }),
    prune: t.boolean({
      defaultValue: false,
      description: `Remove what is not described, of each kind that is. Never managed roles, the own access, or users
themselves: they lose their access.`,
    }),
  }),
  rules: z.looseObject({ tenant: tenantKey, description: tenantDescription }),
  target: ({ tenant }, context) => tenantOrNew(tenant, context),
  run: (tx, _grant, { tenant: key, description, prune }, { tenant }, { session, limits }) =>
    applyDescription(tx, session, {
      key,
      tenant,
      // As the rules left it.
      description: description as Description,
      prune: prune ?? false,
      passwordLength: limits.passwordLength,
    }),
  payload: (t) => ({
    tenant: t.string({ description: 'Key of the tenant.', resolve: ({ result }) => result.tenant }),
    created: t.int({ description: 'How many objects were created.', resolve: ({ result }) => result.created }),
    updated: t.int({
      description: 'How many objects were changed; each member that came or went is a change of its group.',
      resolve: ({ result }) => result.updated,
    }),
    deleted: t.int({ description: 'How many objects were deleted.', resolve: ({ result }) => result.deleted }),
    kept: t.stringList({
      description: 'What prune left: it is the own access, or bound by what was left.',
      resolve: ({ result }) => [...result.kept],
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
