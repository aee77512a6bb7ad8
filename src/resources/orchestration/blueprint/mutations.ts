import { z } from 'zod';
import type { Blueprint } from '../../../db/generated/client.ts';
import { conflict, notFound } from '../../../errors.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId, type InTenant, inTenant } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import { description, displayName } from '../../rules.ts';
import { inTurn, readSource } from '../flow/reading.ts';
import { checkedRead, saveFlow } from '../flow/service.ts';
import { flowId } from '../flow/source.ts';
import { namespaceName } from '../namespace/service.ts';
import { placedSource } from './placed.ts';
import { BlueprintRef, readBlueprint } from './schema.ts';
import { blueprintTags, createBlueprint, deleteBlueprint, updateBlueprint } from './service.ts';

/** A custom blueprint. @throws CONFLICT for a catalogue blueprint, which everyone can read. */
async function ofBlueprint(id: string | number, context: Context): Promise<InTenant & { readonly id: string }> {
  const { tenant, ...target } = await byId('BLUEPRINT', 'Blueprint', id, context);
  if (!tenant)
    throw conflict('The catalogue ships with Gatehouse and is read-only. Create a custom blueprint instead.');
  return { ...target, tenant };
}

mutation('saveBlueprint', {
  description:
    'Creates or updates a custom blueprint. An update requires BLUEPRINT:UPDATE in the tenant of the blueprint.',
  permission: 'BLUEPRINT:CREATE' as 'BLUEPRINT:CREATE' | 'BLUEPRINT:UPDATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    id: t.id({ description: 'ID of the blueprint to update. Omit to create one.' }),
    title: t.string({ description: 'Title, unique in the tenant. Required to create a blueprint.' }),
    description: t.string({ description: 'Description. Omit to keep it; null clears it.' }),
    tags: t.stringList({ description: 'All tags, at most 20. Omit to keep them; null clears them.' }),
    source: t.string({ description: 'Source of the flow, as YAML. Required to create a blueprint.' }),
    documentation: t.string({
      description: 'Documentation, as Markdown, at most 50,000 characters. Omit to keep it; null clears it.',
    }),
    shared: t.boolean({
      description: 'True to let everyone who can create flows in a namespace of the tenant read and use it.',
    }),
  }),
  rules: z
    .looseObject({
      title: displayName.nullish(),
      description,
      tags: blueprintTags.nullish(),
      source: z.string().nullish(),
      documentation: z.string().max(50_000, 'The documentation can have at most 50,000 characters.').nullish(),
    })
    .superRefine(({ id, title, source }, context) => {
      if (id != null) return;
      for (const [field, value] of Object.entries({ title, source }))
        if (value == null)
          context.addIssue({ code: 'custom', path: [field], message: `A new blueprint requires a ${field}.` });
    }),
  target: async ({ id, tenantKey }, context): Promise<InTenant> => {
    if (id == null) return inTenant(tenantKey, context);
    const target = await ofBlueprint(id, context);
    if (target.tenant.key !== tenantKey) throw notFound('The object');
    return { ...target, permission: 'BLUEPRINT:UPDATE' };
  },
  prepare: async ({ source }, _target, context) => {
    if (source != null) checkedRead(await readSource(source, context));
    return {};
  },
  locksTarget: true,
  run: (tx, grant, { title, source, ...rest }, { tenant, id }) =>
    id === undefined
      ? createBlueprint(tx, grant as never, tenant, { ...rest, title: title!, source: source! })
      : updateBlueprint(tx, grant as never, tenant, id, { ...rest, title, source }),
  payload: (t) => ({ blueprint: changed(t, BlueprintRef, 'The blueprint.') }),
});

mutation('deleteBlueprint', {
  description: 'Deletes a custom blueprint. Flows created from it are kept.',
  permission: 'BLUEPRINT:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the blueprint.' }) }),
  target: ({ id }, context) => ofBlueprint(id, context),
  run: (tx, grant, _input, { tenant, id }) => deleteBlueprint(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Blueprint', result.id),
    }),
  }),
});

/** The blueprint, if it can be used in this tenant. @throws NOT_FOUND. */
async function usable(
  reader: Parameters<typeof readBlueprint>[0],
  given: string | number,
  tenantId: string,
): Promise<Blueprint> {
  const { id } = decodeId(String(given), ['Blueprint'], ['input', 'blueprint']);
  const blueprint = await readBlueprint(reader, id);
  if (!blueprint || (blueprint.tenantId !== null && blueprint.tenantId !== tenantId)) throw notFound('The blueprint');
  return blueprint;
}

mutation('useBlueprint', {
  description: 'Creates a flow from a blueprint that the viewer can read.',
  permission: 'FLOW:CREATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    blueprint: t.id({ required: true, description: 'ID of the blueprint.' }),
    namespaceName: t.string({ description: 'Namespace of the new flow. Omit to use the namespace in the blueprint.' }),
    flowId: t.string({ description: 'ID of the new flow in its namespace. Omit to use the ID in the blueprint.' }),
  }),
  rules: z.looseObject({ namespaceName: namespaceName.nullish(), flowId: flowId.nullish() }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  prepare: async ({ blueprint: id, namespaceName: namespace, flowId: name }, { tenant }, context) => {
    const blueprint = await usable(context, id, tenant.id);
    const place = { namespace: namespace ?? undefined, flowId: name ?? undefined };
    const source = await inTurn(() => placedSource(blueprint.source, place), context);
    const read = checkedRead(await readSource(source, context), ['input', 'blueprint']);
    return { original: blueprint.source, source, read };
  },
  run: async (tx, grant, { blueprint: id, original, ...saving }, { tenant }, { session }) => {
    const blueprint = await usable({ db: tx, session }, id, tenant.id);
    if (blueprint.source !== original) throw conflict('The blueprint has changed since it was read. Retry.');
    return (await saveFlow(tx, { create: grant }, tenant, saving)).flow;
  },
  payload: (t) => ({ flow: changed(t, refOf('Flow'), 'The new flow.') }),
});
