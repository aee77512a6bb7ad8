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

/** A custom blueprint. @throws CONFLICT for one of the catalogue, which everybody may know of and nobody changes. */
async function ofBlueprint(id: string | number, context: Context): Promise<InTenant & { readonly id: string }> {
  const { tenant, ...target } = await byId('BLUEPRINT', 'Blueprint', id, context);
  if (!tenant) throw conflict('The catalogue comes with Gatehouse and is not changed: make a blueprint of it.');
  return { ...target, tenant };
}

mutation('saveBlueprint', {
  description:
    'Makes a custom blueprint, or changes the one of an id. Takes BLUEPRINT:UPDATE where an id is given, and then in the tenant of that blueprint.',
  permission: 'BLUEPRINT:CREATE' as 'BLUEPRINT:CREATE' | 'BLUEPRINT:UPDATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    id: t.id({ description: 'Which blueprint; left out: a new one.' }),
    title: t.string({ description: 'What it is called, unique in the tenant. Required for a new one.' }),
    description: t.string({ description: 'What it is for; null: nothing. Left out: as it is.' }),
    tags: t.stringList({ description: 'All its tags, at most 20; null: none. Left out: as they are.' }),
    source: t.string({ description: 'The flow, as YAML. Required for a new one.' }),
  }),
  rules: z
    .looseObject({
      title: displayName.nullish(),
      description,
      tags: blueprintTags.nullish(),
      source: z.string().nullish(),
    })
    .superRefine(({ id, title, source }, context) => {
      if (id != null) return;
      for (const [field, value] of Object.entries({ title, source }))
        if (value == null)
          context.addIssue({ code: 'custom', path: [field], message: `A new blueprint needs a ${field}.` });
    }),
  target: async ({ id, tenant }, context): Promise<InTenant> => {
    if (id == null) return inTenant(tenant, context);
    const target = await ofBlueprint(id, context);
    if (target.tenant.key !== tenant) throw notFound('The object');
    return { ...target, permission: 'BLUEPRINT:UPDATE' };
  },
  prepare: async ({ source }, _target, context) => {
    if (source != null) checkedRead(await readSource(source, context));
    return {};
  },
  run: (tx, grant, { title, source, ...rest }, { tenant, id }) =>
    id === undefined
      ? createBlueprint(tx, grant as never, tenant, { ...rest, title: title!, source: source! })
      : updateBlueprint(tx, grant as never, tenant, id, { ...rest, title, source }),
  payload: (t) => ({ blueprint: changed(t, BlueprintRef, 'The blueprint.') }),
});

mutation('deleteBlueprint', {
  description: 'Deletes a custom blueprint. Flows that were made of it stay.',
  permission: 'BLUEPRINT:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'Which blueprint.' }) }),
  target: ({ id }, context) => ofBlueprint(id, context),
  run: (tx, grant, _input, { tenant, id }) => deleteBlueprint(tx, grant, tenant, id),
  payload: (t) => ({
    deletedId: t.id({ description: 'The id that is gone.', resolve: ({ result }) => globalId('Blueprint', result.id) }),
  }),
});

/** The blueprint, for a flow in this tenant. @throws NOT_FOUND. */
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
  description: 'Makes a flow of a blueprint that the viewer may read, in one step.',
  permission: 'FLOW:CREATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    blueprint: t.id({ required: true, description: 'Which blueprint.' }),
    namespace: t.string({ description: 'Where the flow goes. Left out: as the blueprint says.' }),
    flowId: t.string({ description: 'Its name there. Left out: as the blueprint says.' }),
  }),
  rules: z.looseObject({ namespace: namespaceName.nullish(), flowId: flowId.nullish() }),
  target: ({ tenant }, context) => inTenant(tenant, context),
  prepare: async ({ blueprint: id, namespace, flowId: name }, { tenant }, context) => {
    const blueprint = await usable(context, id, tenant.id);
    const place = { namespace: namespace ?? undefined, flowId: name ?? undefined };
    const source = await inTurn(() => placedSource(blueprint.source, place), context);
    const read = checkedRead(await readSource(source, context), ['input', 'blueprint']);
    return { original: blueprint.source, source, read };
  },
  run: async (tx, grant, { blueprint: id, original, ...saving }, { tenant }, { session }) => {
    const blueprint = await usable({ db: tx, session }, id, tenant.id);
    if (blueprint.source !== original) throw conflict('The blueprint changed meanwhile; try again.');
    return (await saveFlow(tx, { create: grant }, tenant, saving)).flow;
  },
  payload: (t) => ({ flow: changed(t, refOf('Flow'), 'The new flow.') }),
});
