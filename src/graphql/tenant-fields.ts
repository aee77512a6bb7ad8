import type { Tenant } from '../db/generated/client.ts';
import { notFound } from '../errors.ts';
import { type FieldBuilder, refOf } from './connection/connection-type.ts';
import { loadRow } from './connection/loaders.ts';
import type { Context } from './context.ts';
import { guardedOne } from './guarded.ts';

const tenantField = <Parent extends { readonly tenantId: string | null }>(t: object, description: string) =>
  guardedOne<Parent, Tenant>(t, {
    type: refOf('Tenant'),
    description,
    permission: 'TENANT:READ',
    scope: ({ tenantId }) => ({ tenantId: tenantId ?? undefined }),
    model: 'Tenant',
    id: ({ tenantId }) => tenantId,
  });

const keyOf = async (context: Context, id: string): Promise<string> => {
  const row = await loadRow<Tenant>(context, 'Tenant', id);
  if (!row) throw notFound('The tenant');
  return row.key;
};

/** The tenant of an object, and its key. */
export function tenantFields<Parent extends { readonly tenantId: string }>(builderOfField: object) {
  const t = builderOfField as FieldBuilder<Parent>;
  return {
    tenant: tenantField<Parent>(t, 'The tenant.'),
    tenantKey: t.string({
      description: 'Key of the tenant. Readable without access to the tenant.',
      columns: ['tenantId'],
      resolve: (({ tenantId }: Parent, _args: object, context: Context) => keyOf(context, tenantId)) as never,
    }),
  };
}

/** The same for objects that can belong to the instance. */
export function optionalTenantFields<Parent extends { readonly tenantId: string | null }>(
  builderOfField: object,
  without = 'null for the instance',
) {
  const t = builderOfField as FieldBuilder<Parent>;
  return {
    tenant: tenantField<Parent>(t, `The tenant; ${without}.`),
    tenantKey: t.string({
      nullable: true,
      description: `Key of the tenant; ${without}. Readable without access to the tenant.`,
      columns: ['tenantId'],
      resolve: (({ tenantId }: Parent, _args: object, context: Context) =>
        tenantId === null ? null : keyOf(context, tenantId)) as never,
    }),
  };
}
