import type { CeilingPart } from '../../../access/grant.ts';
import type { ApiToken, Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { grouped, PermissionRef } from '../../../graphql/permission-input.ts';

type ShownPart = CeilingPart & { readonly tenantKey: string | null };
export const CeilingRef = builder.objectRef<ShownPart>('TokenCeiling').implement({
  description: "Max permissions of a token in one place, regardless of its owner's permissions.",
  fields: (t) => ({
    tenantKey: t.exposeString('tenantKey', {
      nullable: true,
      description: 'Key of the tenant; null for the instance level.',
    }),
    namespaceName: t.string({
      nullable: true,
      description: 'Namespace, including all below it; null for the whole tenant.',
      resolve: ({ namespace }) => namespace || null,
    }),
    permissions: t.field({
      type: [PermissionRef],
      description: 'Permissions in that place.',
      resolve: ({ permissions }) => grouped(permissions),
    }),
  }),
});

/** Parts of a ceiling with tenant keys. Tenants that the viewer cannot see are omitted. */
export async function shownCeiling({ ceiling }: ApiToken, context: Context) {
  if (ceiling === null) return null;
  const parts = ceiling as unknown as CeilingPart[];
  const ids = [...new Set(parts.flatMap(({ tenantId }) => tenantId ?? []))];
  const reach = await Promise.all(ids.map((id) => loadRow<Tenant>(context, 'Tenant', id)));
  const visible = reach.filter(
    (tenant) => tenant && context.session.can('TENANT:READ', { ...tenant }, { tenantId: tenant.id }),
  );
  const keys = new Map(visible.map((tenant) => [tenant!.id, tenant!.key]));
  return parts.flatMap((part): ShownPart[] => {
    if (part.tenantId === null) return [{ ...part, tenantKey: null }];
    const tenantKey = keys.get(part.tenantId);
    return tenantKey === undefined ? [] : [{ ...part, tenantKey }];
  });
}
