import { type EnumTypeDefinitionNode, Kind, type ObjectTypeDefinitionNode, parse } from 'graphql';

/**
 * Writes what the schema says about permissions as TypeScript: the permission of each mutation, and the level at which
 * each permission is held. A page that names a permission that does not exist does not compile.
 */
export function accessOf(sdl: string): string {
  const needs: string[] = [];
  const levels = new Map<string, string>();
  const { definitions } = parse(sdl);
  const resources = definitions.find(
    (node): node is EnumTypeDefinitionNode =>
      node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'ResourceName',
  );
  const levelOf = new Map(
    resources?.values?.map(({ name, description }) => [
      name.value,
      /at (\w+) level/.exec(description?.value ?? '')?.[1] ?? '',
    ]),
  );
  const objects = definitions.filter(
    (node): node is ObjectTypeDefinitionNode => node.kind === Kind.OBJECT_TYPE_DEFINITION,
  );
  for (const object of objects)
    for (const field of object.fields ?? []) {
      // Some fields require a permission for some of their inputs only. Their descriptions name it.
      for (const [permission, resource = ''] of (field.description?.value ?? '').matchAll(/\b([A-Z_]+):[A-Z]+\b/g))
        if (levelOf.has(resource) && !levels.get(permission)) levels.set(permission, levelOf.get(resource)!);
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
