import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { NamespaceRef, readByName } from './schema.ts';

interface Named {
  readonly tenantId: string | null;
  readonly namespace: string;
}

/** Objects name their namespace by text: its row can be gone, for example that of an execution. */
for (const model of ['Flow', 'Trigger', 'Execution', 'Secret', 'KeyValue', 'Binding'] as const) {
  builder.prismaObjectField(model, 'namespace', (t) =>
    t.field({
      type: NamespaceRef,
      nullable: true,
      description:
        model === 'Binding'
          ? 'The namespace; null for the whole tenant or if the viewer cannot read the namespace.'
          : 'The namespace; null if it no longer exists or the viewer cannot read it.',
      access: { decides: 'NAMESPACE:READ' },
      columns: ['tenantId', 'namespace'],
      resolve: (({ tenantId, namespace }: Named, _args: object, context: Context) =>
        tenantId === null || namespace === '' ? null : readByName(tenantId, namespace, context)) as never,
    }),
  );
}
