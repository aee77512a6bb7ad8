import { allPermissions, entry, type Permission, split } from '../../../access/catalog.ts';
import { builder } from '../../../graphql/builder.ts';
import { permissionFields } from '../../../graphql/permission-input.ts';
import { type Explanation, explain } from '../../../policy/answer/explain.ts';
import { heldOnly } from '../../../policy/past/past.ts';
import { askedAbout } from './may-ask.ts';
import { askedPast, askedPastPrincipal } from './past.ts';
import { AccessAnswer, AccessOrigin, CircumstanceEnum, circumstanceList, reachTold } from './types.ts';

/** What can be asked about in a tenant: not what belongs to the instance alone. */
export const inTenants = (permission: Permission): boolean =>
  entry(split(permission)[0]).level !== 'instance' && permission !== 'TENANT:CREATE';

const EffectivePermission = builder.objectRef<Explanation>('EffectivePermission').implement({
  description: 'A permission that somebody has in a tenant, with where from, and what the policies leave of it.',
  fields: (t) => ({
    ...permissionFields<Explanation>(t, ({ decision }) => decision.permission),
    answer: t.field({ type: AccessAnswer, description: 'Allowed, or depending.', resolve: ({ answer }) => answer }),
    reach: t.string({
      description: 'Where, in words.',
      resolve: (explanation, _args, context) => reachTold(context, explanation),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'What it depends on, besides.',
      resolve: ({ dependsOn }) => circumstanceList(dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'Every way in which it is given.',
      resolve: ({ origins }) => [...origins],
    }),
  }),
});

builder.prismaObjectField('Tenant', 'effectivePermissions', (t) =>
  t.field({
    type: [EffectivePermission],
    nullable: true,
    description:
      'What a user or service account may do in the tenant, after roles and policies. About oneself always; about others it takes ROLE:READ and BINDING:READ as well, in all of the tenant. At a past instant, what they held then, rebuilt from the audit events, whatever policies restricted; it takes all of these and AUDITLOG:READ, about oneself too.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: {
      subject: t.arg.id({ required: true, description: 'Id of a user or service account.' }),
      at: t.arg({
        type: 'DateTime',
        description: 'At this past instant; left out: now. EXPIRED where events do not tell.',
      }),
    },
    resolve: async ({ id: tenantId }, { subject, at }, context) => {
      const scope = { tenantId };
      const given = { now: at ?? new Date() };
      const [engine, principal] =
        at == null
          ? [context.engine, await askedAbout(context, subject, scope, ['subject'])]
          : [
              heldOnly,
              await askedPastPrincipal(context, await askedPast(context, tenantId, at), tenantId, at, subject),
            ];
      return allPermissions
        .filter(inTenants)
        .map((permission) => explain(engine, { principal, given, permission, scope }))
        .filter(({ answer, origins }) => (answer === 'ERROR' ? origins.length > 0 : answer !== 'REFUSED'));
    },
  }),
);
