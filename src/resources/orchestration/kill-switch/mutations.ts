import { z } from 'zod';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, inTenantOrInstance } from '../../../graphql/mutation/target.ts';
import { globalId } from '../../../graphql/node.ts';
import { description, displayName } from '../../rules.ts';
import { namespaceName } from '../namespace/service.ts';
import { BehaviorEnum, KillSwitchRef } from './schema.ts';
import { createKillSwitch, deleteKillSwitch, updateKillSwitch } from './service.ts';

const ofSwitch = ({ id }: { id: string | number }, context: Context) => byId('KILL_SWITCH', 'KillSwitch', id, context);

mutation('createKillSwitch', {
  description:
    'Creates a kill switch. What it covers is immutable. Commands and triggers that it holds continue when it ends.',
  permission: 'KILL_SWITCH:CREATE',
  input: (t) => ({
    tenantKey: t.string({
      description: 'Key of the tenant. Omit for all tenants of the instance, which only a super admin can stop.',
    }),
    title: t.string({ required: true, description: 'Title, which the readers of the stopped flows see.' }),
    description: t.string({ description: 'The description.' }),
    behavior: t.field({ type: BehaviorEnum, required: true, description: 'What it does.' }),
    namespaceName: t.string({
      description: 'Stops only the executions of this namespace and all below it. Omit to stop all.',
    }),
    flowId: t.string({ description: 'Stops only the executions of this flow of exactly the namespace.' }),
    startsAt: t.field({ type: 'DateTime', description: 'Since when it is in effect. Defaults to now.' }),
    endsAt: t.field({ type: 'DateTime', description: 'Until when it is in effect. Omit for no end.' }),
  }),
  rules: z.looseObject({
    title: displayName,
    description,
    namespaceName: namespaceName.nullish(),
    flowId: z
      .string()
      .min(1, 'A flow ID cannot be empty.')
      .max(100, 'A flow ID can have at most 100 characters.')
      .nullish(),
  }),
  target: ({ tenantKey }, context) => inTenantOrInstance(tenantKey, context),
  run: (tx, grant, { namespaceName: namespace, ...input }, { tenant }) =>
    createKillSwitch(tx, grant, tenant, { ...input, namespace }),
  payload: (t) => ({ killSwitch: changed(t, KillSwitchRef, 'The new kill switch.') }),
});

mutation('updateKillSwitch', {
  description: 'Updates a kill switch. An omitted field is unchanged. What it covers is immutable.',
  permission: 'KILL_SWITCH:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the kill switch.' }),
    title: t.string({ description: 'The new title.' }),
    description: t.string({ description: 'The new description; null clears it.' }),
    behavior: t.field({ type: BehaviorEnum, description: 'What it does.' }),
    startsAt: t.field({ type: 'DateTime', description: 'Since when it is in effect.' }),
    endsAt: t.field({ type: 'DateTime', description: 'Until when it is in effect; null for no end.' }),
  }),
  rules: z.looseObject({ title: displayName.nullish(), description }),
  target: (input, context) => ofSwitch(input, context),
  locksTarget: true,
  run: (tx, grant, input, { tenant, id }) => updateKillSwitch(tx, grant, tenant, id, input),
  payload: (t) => ({ killSwitch: changed(t, KillSwitchRef, 'The updated kill switch.') }),
});

mutation('deleteKillSwitch', {
  description: 'Deletes a kill switch. What it holds continues.',
  permission: 'KILL_SWITCH:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the kill switch.' }) }),
  target: (input, context) => ofSwitch(input, context),
  locksTarget: true,
  run: (tx, grant, _input, { tenant, id }) => deleteKillSwitch(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('KillSwitch', result.id),
    }),
  }),
});
