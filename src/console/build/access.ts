import { Kind, type ObjectTypeDefinitionNode, parse } from 'graphql';

/**
 * Writes what the schema says about permissions as TypeScript: the permission of each mutation, and the level at which
 * each permission is held. A page that names a permission that does not exist does not compile.
 */
export function accessOf(sdl: string): string {
  const needs: string[] = [];
  const levels = new Map<string, string>();
  const objects = parse(sdl).definitions.filter(
    (node): node is ObjectTypeDefinitionNode => node.kind === Kind.OBJECT_TYPE_DEFINITION,
  );
  for (const object of objects)
    for (const field of object.fields ?? []) {
      const access = field.directives?.find(({ name }) => name.value === 'access')?.arguments?.[0]?.value;
      if (access?.kind !== Kind.STRING) continue;
      const { value: permission } = access;
      if (!levels.has(permission)) levels.set(permission, '');
      if (object.name.value === 'Mutation') needs.push(`  ${field.name.value}: '${permission}',`);
      const [, level] = new RegExp(`${permission} \\((\\w+) level`).exec(field.description?.value ?? '') ?? [];
      if (level !== undefined) levels.set(permission, level);
    }
  const entries = [...levels].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '// Written from schema.graphql by the build of the console.',
    'export const levels = {',
    ...entries.map(([permission, level]) => `  '${permission}': '${level}',`),
    '} as const;',
    'export type Permission = keyof typeof levels;',
    'export const needs = {',
    ...needs,
    '} as const;',
    '',
  ].join('\n');
}
