import { levelOf, type ResourceName } from '../../access/catalog.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { type Column, modelOf } from '../../db/rows/model.ts';

/** Returns the columns that a filter on this resource can use. */
export function columnsOf(resource: ResourceName): ReadonlyMap<string, Column> {
  const model = resourceDefinition(resource)?.model;
  if (model) return modelOf(model).columns;
  // A resource without a table is filtered by its scope.
  const names = levelOf(resource, 'READ') === 'namespace' ? ['tenantId', 'namespace'] : ['tenantId'];
  return new Map(names.map((name) => [name, { type: 'String', nullable: false, list: false }]));
}
