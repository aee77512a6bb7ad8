import { levelOf, type ResourceName } from '../../access/catalog.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { getDatamodel } from '../../db/generated/pothos.ts';
import { remember } from '../../lib/remember.ts';

export interface Column {
  readonly type: string;
  readonly nullable: boolean;
  readonly list: boolean;
}

interface Field {
  name: string;
  type: string;
  kind: string;
  isRequired: boolean;
  isList: boolean;
}
const models = (getDatamodel() as unknown as { datamodel: { models: Record<string, { fields: Field[] }> } }).datamodel
  .models;
const cache = new Map<string, ReadonlyMap<string, Column>>();

/** The scalar columns of a Prisma model. */
export function columnsOfModel(model: string): ReadonlyMap<string, Column> {
  return remember(cache, model, () => {
    const scalars = (models[model]?.fields ?? []).filter(({ kind }) => kind === 'scalar');
    return new Map(
      scalars.map(({ name, type, isRequired, isList }) => [name, { type, nullable: !isRequired, list: isList }]),
    );
  });
}

/** The columns that a filter on this resource may speak of. */
export function columnsOf(resource: ResourceName): ReadonlyMap<string, Column> {
  const model = resourceDefinition(resource)?.model;
  if (model) return columnsOfModel(model);
  // Without a table, rows are the scope itself.
  const names = levelOf(resource, 'READ') === 'namespace' ? ['tenantId', 'namespace'] : ['tenantId'];
  return new Map(names.map((name) => [name, { type: 'String', nullable: false, list: false }]));
}
