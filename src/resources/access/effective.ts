import { allPermissions, entry, type Permission, split } from '../../access/catalog.ts';
import { builder } from '../../graphql/builder.ts';
import { ActionEnum } from '../../graphql/guarded.ts';
import { ResourceNameEnum } from '../../graphql/resource-enum.ts';
import { type Explanation, explain } from '../../policy/explain.ts';
import { askedAbout } from './may-ask.ts';
import { AccessAnswer, AccessOrigin, CircumstanceEnum, circumstanceList, reachTold } from './types.ts';

/** What can be asked about in a tenant: not what belongs to the instance alone. */
export const inTenants = (permission: Permission): boolean =>
  entry(split(permission)[0]).level !== 'instance' && permission !== 'TENANT:CREATE';

const EffectivePermission = builder.objectRef<Explanation>('EffectivePermission').implement({
  description: 'A permission that somebody has in a tenant, with where from, and what the policies leave of it.',
  fields: (t) => ({
    resource: t.field({
      type: ResourceNameEnum,
      description: 'With what.',
      resolve: ({ decision }) => split(decision.permission)[0],
    }),
    action: t.field({
      type: ActionEnum,
      description: 'To do what.',
      resolve: ({ decision }) => split(decision.permission)[1],
    }),
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
      'What a user or service account may do in the tenant, after roles and policies. About oneself always; about others it takes ROLE:READ and BINDING:READ as well, in all of the tenant.',
    access: { decides: 'TENANT_ACCESS:READ' },
    args: { subject: t.arg.id({ required: true, description: 'Id of a user or service account.' }) },
    resolve: async ({ id: tenantId }, { subject }, context) => {
      const scope = { tenantId };
      const principal = await askedAbout(context, subject, scope, ['subject']);
      const given = { now: new Date() };
      return allPermissions
        .filter(inTenants)
        .map((permission) => explain(context.engine, { principal, given, permission, scope }))
        .filter(({ answer, origins }) => (answer === 'ERROR' ? origins.length > 0 : answer !== 'REFUSED'));
    },
  }),
);
