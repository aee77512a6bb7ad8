import type { Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { ApiTokenConnection } from './schema.ts';

/** API tokens by their tenant, the newest first. */
const ofMany = {
  connection: ApiTokenConnection,
  permission: 'API_TOKEN:READ' as const,
  model: 'ApiToken',
  defaultOrder: { column: 'id', descending: true },
};
builder.prismaObjectField('Tenant', 'apiTokens', (t) =>
  connection(t, {
    ...ofMany,
    description: 'API tokens of the service accounts of the tenant, the newest first.',
    scopes: ({ id }: Tenant) => ({ tenantId: id }),
    within: ({ id }) => ({ tenantId: id }),
  }),
);
builder.queryField('apiTokens', (t) =>
  connection(t, {
    ...ofMany,
    description:
      'API tokens of all users, and of instance-wide service accounts, the newest first. Without API_TOKEN:READ at the instance level, those of the viewer.',
    scopes: () => ({}),
    within: () => ({ tenantId: null }),
    nullable: true,
  }),
);
