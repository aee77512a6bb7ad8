import { levelOf, type ResourceName } from '../access/catalog.ts';
import { resourceDefinition } from '../access/resource.ts';
import { getDatamodel } from '../db/generated/pothos.ts';

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
const cache = new Map<ResourceName, ReadonlyMap<string, Column>>();

/** The columns that a filter on this resource may speak of. */
export function columnsOf(resource: ResourceName): ReadonlyMap<string, Column> {
  const known = cache.get(resource);
  if (known) return known;
  const model = resourceDefinition(resource)?.model;
  const columns = new Map<string, Column>();
  if (model) {
    for (const field of models[model]?.fields ?? []) {
      if (field.kind !== 'scalar') continue;
      columns.set(field.name, { type: field.type, nullable: !field.isRequired, list: field.isList });
    }
    cache.set(resource, columns);
  } else {
    // Without a table, rows are the scope itself.
    columns.set('tenantId', { type: 'String', nullable: false, list: false });
    if (levelOf(resource, 'READ') === 'namespace')
      columns.set('namespace', { type: 'String', nullable: false, list: false });
  }
  return columns;
}
