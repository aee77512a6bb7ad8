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
  description: 'The answer to a question about access.',
  values: {
    ALLOWED: { description: 'It is allowed, within the reach that is told.' },
    REFUSED: { description: 'It is refused, whatever is not given.' },
    DEPENDS: { description: 'It depends on what the question does not give (dependsOn).' },
    ERROR: { description: 'A policy could not say, which refuses (POLICY_ERROR).' },
  },
});

export const CircumstanceEnum = builder.enumType('Circumstance', {
  description: 'What an answer can depend on.',
  values: {
    ADDRESS: { value: 'ip', description: 'The address of the request.' },
    CREDENTIAL: { value: 'credential', description: 'By what they sign in: password or token, and its age.' },
    REASON: { value: 'reason', description: 'The reason that the request gives.' },
    OBJECT: { value: 'object', description: 'Which object it is: some are within reach, others are not.' },
  },
});
export const circumstanceList = (open: ReadonlySet<Circumstance | 'object'>) => [...open];

/** An object that explains, if the viewer may read it; else null. Those of one answer come in one statement. */
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
  description: 'One way in which a permission is given. What the viewer may not read of it is null.',
  fields: (t) => ({
    grant: t.exposeString('grant', {
      description: 'What gives it: roles, super-admin, self, group-owner, or the name of a policy that may grant.',
    }),
    namespace: t.string({
      nullable: true,
      description: 'For roles: where the binding holds, there and below; null: in the whole tenant, or the instance.',
      resolve: ({ holding }) => holding?.namespace || null,
    }),
    binding: t.field({
      type: refOf('Binding'),
      nullable: true,
      description: 'The binding that gives it.',
      access: { decides: 'BINDING:READ' },
      resolve: ({ holding }, _args, context) =>
        holding ? readable<Binding>(context, 'BINDING:READ', 'binding', holding.tenantId, holding.bindingId) : null,
    }),
    role: t.field({
      type: refOf('Role'),
      nullable: true,
      description: 'The role that is bound.',
      access: { decides: 'ROLE:READ' },
      resolve: ({ holding }, _args, context) =>
        holding ? readable<Role>(context, 'ROLE:READ', 'role', holding.tenantId, holding.roleId) : null,
    }),
    group: t.field({
      type: refOf('Group'),
      nullable: true,
      description: 'The group through which they hold it; null: they are bound themselves.',
      access: { decides: 'GROUP:READ' },
      resolve: ({ holding }, _args, context) =>
        holding ? readable<Group>(context, 'GROUP:READ', 'group', holding.tenantId, holding.groupId) : null,
    }),
    roleThen: t.string({
      nullable: true,
      description: 'For an answer about the past: what the role was called then.',
      resolve: ({ holding }) => holding?.called?.role ?? null,
    }),
    groupThen: t.string({
      nullable: true,
      description: 'For an answer about the past: what the group was called then.',
      resolve: ({ holding }) => holding?.called?.group ?? null,
    }),
  }),
});

/** May the viewer know the settings of policies? */
export const seesSettings = ({ session }: Context): boolean => session.may('POLICY:READ') !== undefined;

export const isPlugin =
  ({ engine }: Context) =>
  (policy: string): boolean =>
    engine.set.policies.some(({ name, builtIn }) => name === policy && !builtIn);

/** What an explanation leaves, in words that the viewer may hear. */
export function reachTold(context: Context, { steps, decision }: Explanation): string {
  const { request, scope } = decision;
  const spoken = { tenantId: scope.tenantId, principalId: request.actor.id };
  return reachInWords(steps, spoken, seesSettings(context), isPlugin(context));
}
