import { z } from 'zod';
import type { Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { settingsOf, type TenantSettings, tenantSettings, updateTenantSettings } from './settings.ts';

const TenantSettingsRef = builder.objectRef<TenantSettings>('TenantSettings').implement({
  description: 'Settings of a tenant.',
  fields: (t) => ({
    requireExistingNamespace: t.boolean({
      description: 'True if a flow can be saved only in a namespace that was created.',
      resolve: ({ requireExistingNamespace }) => requireExistingNamespace ?? false,
    }),
    executionDays: t.int({
      nullable: true,
      description:
        "Days to keep ended executions, with their data; null for the gateway's `retention.executionDays`, which also limits it.",
      resolve: ({ executionDays }) => executionDays ?? null,
    }),
  }),
});

builder.prismaObjectField('Tenant', 'settings', (t) =>
  t.field({
    type: TenantSettingsRef,
    nullable: true,
    description: 'Settings of the tenant.',
    access: 'SETTING:READ',
    scope: ({ id }: Tenant) => ({ tenantId: id }),
    resolve: (tenant: Tenant) => settingsOf(tenant),
  }),
);

const { executionDays } = tenantSettings.shape;

mutation('updateTenantSettings', {
  description: 'Updates settings of a tenant. An omitted setting is unchanged.',
  permission: 'SETTING:UPDATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    requireExistingNamespace: t.boolean({
      description: 'True to refuse flows in namespaces that were not created.',
    }),
    executionDays: t.int({
      description: "Days to keep ended executions, 1 to 36,500; null for the gateway's setting.",
    }),
  }),
  rules: z.looseObject({ executionDays: executionDays.nullish() }),
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, input, { tenant }) => updateTenantSettings(tx, grant, tenant, input),
  payload: (t) => ({ tenant: changed(t, refOf('Tenant') as never, 'The tenant.') }),
});
