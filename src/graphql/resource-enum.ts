import { levelOf, type ResourceName, resourceNames } from '../access/catalog.ts';
import { builder } from './builder.ts';

export const ResourceNameEnum = builder.enumType('ResourceName', {
  description: 'What a permission is about.',
  values: Object.fromEntries(
    resourceNames.map((name) => [
      name,
      { description: `${name.toLowerCase().replaceAll('_', ' ')}, held at ${levelOf(name, 'READ')} level.` },
    ]),
  ) as Record<ResourceName, { description: string }>,
});
