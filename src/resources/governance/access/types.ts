import type { Permission } from '../../../access/catalog.ts';
import type { Binding, Group, Role } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import { loadWithin } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import type { Circumstance } from '../../../policy/answer/circumstances.ts';
import type { Explanation, Origin } from '../../../policy/answer/explain.ts';
import { reachInWords } from '../../../policy/filter/in-words.ts';

export const AccessAnswer = builder.enumType('AccessAnswer', {
  description: 'Answer to a question about access.',
  values: {
    ALLOWED: { description: 'Allowed, within the returned scope.' },
    REFUSED: { description: 'Refused, whatever the omitted facts are.' },
    DEPENDS: { description: 'Depends on omitted facts (dependsOn).' },
    ERROR: { description: 'A policy failed, which refuses (POLICY_ERROR).' },
  },
});

export const CircumstanceEnum = builder.enumType('Circumstance', {
  description: 'A fact that an answer can depend on.',
  values: {
    ADDRESS: { value: 'ip', description: 'IP address of the request.' },
    CREDENTIAL: {
      value: 'credential',
      description: 'Credential of the request: password, token or session, and its age.',
    },
    REASON: { value: 'reason', description: 'Reason of the request.' },
    OBJECT: { value: 'object', description: 'The object: only some are in scope.' },
  },
});
export const circumstanceList = (open: ReadonlySet<Circumstance | 'object'>) => [...open];

/** An object of an explanation, if the viewer can read it; otherwise null. Loaded in one statement per answer. */
async function readable<Node>(
  context: Context,
  permission: Permission,
  model: string,
  tenantId: string | null,
  id: string | null,
): Promise<Node | null> {
  const grant = id !== null && context.session.may(permission, { tenantId: tenantId ?? undefined });
  return grant ? ((await loadWithin(context, model, grant.where as never, id)) as Node | null) : null;
}

export const AccessOrigin = builder.objectRef<Origin>('AccessOrigin').implement({
  description: 'A grant of a permission. Fields that the viewer cannot read are null.',
  fields: (t) => ({
    grant: t.exposeString('grant', {
      description:
        'Source of the grant: roles, super-admin, self, group-owner, or the name of a policy that can grant.',
    }),
    namespaceName: t.string({
      nullable: true,
      description:
        'For roles: namespace of the binding, including all below it; null for the whole tenant or the instance.',
      resolve: ({ holding }) => holding?.namespace || null,
    }),
    binding: t.field({
      type: refOf('Binding'),
      nullable: true,
      description: 'The binding.',
      access: { decides: 'BINDING:READ' },
      resolve: ({ holding }, _args, context) =>
        holding ? readable<Binding>(context, 'BINDING:READ', 'Binding', holding.tenantId, holding.bindingId) : null,
    }),
    role: t.field({
      type: refOf('Role'),
      nullable: true,
      description: 'The role.',
      access: { decides: 'ROLE:READ' },
      resolve: ({ holding }, _args, context) =>
        holding ? readable<Role>(context, 'ROLE:READ', 'Role', holding.tenantId, holding.roleId) : null,
    }),
    group: t.field({
      type: refOf('Group'),
      nullable: true,
      description: 'The group of the binding; null for a direct binding.',
      access: { decides: 'GROUP:READ' },
      resolve: ({ holding }, _args, context) =>
        holding ? readable<Group>(context, 'GROUP:READ', 'Group', holding.tenantId, holding.groupId) : null,
    }),
    roleThen: t.string({
      nullable: true,
      description: 'For a past time: name of the role at that time.',
      resolve: ({ holding }) => holding?.called?.role ?? null,
    }),
    groupThen: t.string({
      nullable: true,
      description: 'For a past time: name of the group at that time.',
      resolve: ({ holding }) => holding?.called?.group ?? null,
    }),
  }),
});

/** True if the viewer can read the settings of policies. */
export const seesSettings = ({ session }: Context): boolean => session.may('POLICY:READ') !== undefined;

export const isPlugin =
  ({ engine }: Context) =>
  (policy: string): boolean =>
    engine.set.policies.some(({ name, builtIn }) => name === policy && !builtIn);

/** The rows of an explanation, as text that the viewer can see. */
export function reachText(context: Context, { steps, decision }: Explanation): string {
  const { request, scope } = decision;
  const spoken = { tenantId: scope.tenantId, principalId: request.actor.id };
  return reachInWords(steps, spoken, seesSettings(context), isPlugin(context));
}
