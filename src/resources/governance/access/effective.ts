import { allPermissions, entry, type Permission, split } from '../../../access/catalog.ts';
import { builder } from '../../../graphql/builder.ts';
import { permissionFields } from '../../../graphql/permission-input.ts';
import { type Explanation, explain } from '../../../policy/answer/explain.ts';
import { engineWithoutPolicies } from '../../../policy/past/past-access.ts';
import { askedAbout } from './may-ask.ts';
import { askedPast, askedPastPrincipal } from './past.ts';
import { AccessAnswer, AccessOrigin, CircumstanceEnum, circumstanceList, reachText } from './types.ts';

/** Permissions that exist in tenants, without those of the instance. */
export const inTenants = (permission: Permission): boolean =>
  entry(split(permission)[0]).level !== 'instance' && permission !== 'TENANT:CREATE';

const EffectivePermission = builder.objectRef<Explanation>('EffectivePermission').implement({
  description: 'An effective permission in a tenant, with its grants and its restrictions by policies.',
  fields: (t) => ({
    ...permissionFields<Explanation>(t, ({ decision }) => decision.permission),
    answer: t.field({ type: AccessAnswer, description: 'ALLOWED or DEPENDS.', resolve: ({ answer }) => answer }),
    reach: t.string({
      description: 'Scope of the permission, as text.',
      resolve: (explanation, _args, context) => reachText(context, explanation),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'Facts on which it also depends.',
      resolve: ({ dependsOn }) => circumstanceList(dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'All grants of the permission.',
      resolve: ({ origins }) => [...origins],
    }),
  }),
});

builder.prismaObjectField('Tenant', 'effectivePermissions', (t) =>
  t.field({
    type: [EffectivePermission],
    nullable: true,
    description:
      'Effective permissions of a user or service account in the tenant, after roles and policies. For other subjects than the viewer, it also requires ROLE:READ and BINDING:READ in the whole tenant. With a past time, it returns the permissions at that time, rebuilt from audit events without policies; it then requires all of these and AUDITLOG:READ, also for the viewer.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: {
      subject: t.arg.id({ required: true, description: 'ID of a user or service account.' }),
      at: t.arg({
        type: 'DateTime',
        description: 'Past time. Defaults to now. EXPIRED if the audit events of that time are no longer kept.',
      }),
    },
    resolve: async ({ id: tenantId }, { subject, at }, context) => {
      const scope = { tenantId };
      const given = { now: at ?? new Date() };
      const [engine, principal] =
        at == null
          ? [context.engine, await askedAbout(context, subject, scope, ['subject'])]
          : [
              engineWithoutPolicies,
              await askedPastPrincipal(context, await askedPast(context, tenantId, at), tenantId, at, subject),
            ];
      return allPermissions
        .filter(inTenants)
        .map((permission) => explain(engine, { principal, given, permission, scope }))
        .filter(({ answer, origins }) => (answer === 'ERROR' ? origins.length > 0 : answer !== 'REFUSED'));
    },
  }),
);
