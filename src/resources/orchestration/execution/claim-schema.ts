import type { Execution } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { loadByNames } from '../../../graphql/connection/loaders.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { tenantScopes } from '../../../graphql/scopes.ts';
import { reportingService } from '../worker/reporting.ts';
import { type ClaimedCommand, claimCommands } from './claims.ts';
import { type CommandKind, commandTexts } from './commands.ts';
import { maxReport } from './report-items.ts';
import { ExecutionRef } from './schema.ts';

const CommandKindEnum = builder.enumType('CommandKind', {
  description: 'Kind of command for an engine.',
  values: Object.fromEntries(
    Object.entries(commandTexts).map(([kind, description]) => [kind, { description }]),
  ) as unknown as Record<CommandKind, { description: string }>,
});
const CommandRef = builder.objectRef<ClaimedCommand & { tenantKey: string }>('Command').implement({
  description: 'A command that a user gave to an engine.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'ID of the command. Pass it in `acknowledge` of reportExecutions when the command is done.',
    }),
    tenantKey: t.exposeString('tenantKey', { description: 'Key of the tenant.' }),
    kind: t.field({
      type: CommandKindEnum,
      description: 'Kind of the command.',
      resolve: ({ kind }) => kind as CommandKind,
    }),
    executionId: t.exposeString('executionId', { description: 'executionId of the execution.' }),
    namespaceName: t.exposeString('namespace', { description: 'Namespace of the flow.' }),
    flowId: t.exposeString('flowId', { description: 'ID of the flow.' }),
    payload: t.field({
      type: 'JSON',
      description: 'Details of the command, depending on its kind.',
      resolve: ({ payload }) => payload,
    }),
    actorName: t.exposeString('actorName', { description: 'Name of the user who gave the command.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the command was given.' }),
    repeated: t.exposeBoolean('repeated', {
      description: 'True if the command was claimed before and not acknowledged in time. It may already be done.',
    }),
    execution: t.field({
      type: ExecutionRef,
      nullable: true,
      description: 'The execution with its inputs; null if the caller cannot read it.',
      access: { decides: 'EXECUTION:READ' },
      resolve: async ({ tenantId, executionId }, _args, context) => {
        const { where } = context.session.grant('EXECUTION:READ', { tenantId });
        return loadByNames(context, 'Execution', where as Condition, {
          tenantId,
          executionId,
        }) as Promise<unknown> as Promise<Execution | null>;
      },
    }),
  }),
});
mutation('claimCommands', {
  description:
    'Claims the commands that users gave, oldest first. Each command goes to one claimer. A command that is not acknowledged in time is returned again, marked as repeated.',
  permission: 'EXECUTION:UPDATE',
  telemetry: true,
  input: (t) => ({
    serviceId: t.string({
      required: true,
      description: 'ID of the claiming service. The caller must have registered it.',
    }),
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for all tenants whose executions the caller can update.',
    }),
    limit: t.int({ description: `Max number of commands (default 100, at most ${maxReport}).` }),
  }),
  target: async ({ tenantKey }, context) => {
    if (tenantKey != null) return inTenant(tenantKey, context);
    const scopes = await tenantScopes(context);
    const own = scopes.find((scope) => context.session.may('EXECUTION:UPDATE', scope));
    return { scope: own ?? scopes[0] ?? {}, tenant: null };
  },
  run: async (tx, grant, { serviceId, tenantKey, limit }, { tenant }, context) => {
    const most = limit ?? 100;
    if (most < 1 || most > maxReport) throw badInput(['input', 'limit'], `The limit must be 1 to ${maxReport}.`);
    await reportingService(tx, grant.doer, serviceId);
    const scopes = tenantKey == null ? await tenantScopes(context) : [];
    const others = scopes.flatMap((scope) => context.session.may('EXECUTION:UPDATE', scope) ?? []);
    const grants = tenant ? [grant] : others;
    const taken = await claimCommands(tx, grants, serviceId, most, context.commands.repeatAfterSeconds);
    const tenants = await tx.tenant.findMany({
      where: { id: { in: [...new Set(taken.map(({ tenantId }) => tenantId))] } },
      select: { id: true, key: true },
    });
    const keys = new Map(tenants.map(({ id, key }) => [id, key]));
    return taken.map((one) => ({ ...one, tenantKey: keys.get(one.tenantId)! }));
  },
  payload: (t) => ({
    commands: t.field({ type: [CommandRef], description: 'The claimed commands.', resolve: ({ result }) => result }),
  }),
});
