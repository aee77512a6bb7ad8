import { levelOf, type ResourceName, resourceNames } from '../access/catalog.ts';
import { builder } from './builder.ts';

export const ResourceNameEnum = builder.enumType('ResourceName', {
  description: 'Resource of a permission.',
  values: Object.fromEntries(
    resourceNames.map((name) => [
      name,
      { description: `${name.toLowerCase().replaceAll('_', ' ')}, at ${levelOf(name, 'READ')} level.` },
    ]),
  ) as Record<ResourceName, { description: string }>,
});
