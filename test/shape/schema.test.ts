import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphQLNamedType, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { entry, split } from '../../src/access/catalog.ts';
import { printPublicSchema } from '../../src/cli/schema.ts';
import { permissionOf } from '../../src/graphql/access-plugin.ts';
import { schema } from '../../src/schema.ts';

const committed = readFileSync(join(import.meta.dirname, '..', '..', 'schema.graphql'), 'utf8');
const own = (type: GraphQLNamedType) =>
  !type.name.startsWith('__') && !['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name);

describe('the public schema', () => {
  it('is committed in its current state (npm run schema)', () => {
    expect(printPublicSchema(schema)).toBe(committed);
  });

  it('describes every type, field, argument and enum value', () => {
    const missing: string[] = [];
    const need = (name: string, description: string | null | undefined) => {
      if (!description) missing.push(name);
    };
    for (const type of Object.values(schema.getTypeMap()).filter(own)) {
      need(type.name, type.description);
      if (isEnumType(type)) for (const value of type.getValues()) need(`${type.name}.${value.name}`, value.description);
      if (isInputObjectType(type))
        for (const field of Object.values(type.getFields())) need(`${type.name}.${field.name}`, field.description);
      if (isObjectType(type) || isInterfaceType(type)) {
        for (const field of Object.values(type.getFields())) {
          need(`${type.name}.${field.name}`, field.description);
          for (const argument of field.args) need(`${type.name}.${field.name}(${argument.name})`, argument.description);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it('states the permission of every field that requires one', () => {
    expect(committed.match(/@access\(permission: "[A-Z_]+:(CREATE|READ|UPDATE|DELETE)"\)/g)?.length).toBeGreaterThan(
      60,
    );
    expect(committed).toContain('directive @access(');
  });

  it('returns every list as a connection with nodes, edges, pageInfo, totalCount and string cursors', () => {
    for (const type of Object.values(schema.getTypeMap()).filter((candidate) =>
      candidate.name.endsWith('Connection'),
    )) {
      if (!isObjectType(type)) continue;
      expect(Object.keys(type.getFields()).sort(), type.name).toEqual(
        expect.arrayContaining(['edges', 'nodes', 'pageInfo', 'totalCount']),
      );
    }
    expect(
      String(
        schema.getType('PageInfo') &&
          isObjectType(schema.getType('PageInfo')) &&
          (schema.getType('PageInfo') as any).getFields().endCursor.type,
      ),
    ).toBe('String');
  });

  it('has one input in every mutation, and a payload named after the mutation', () => {
    for (const field of Object.values(schema.getMutationType()!.getFields())) {
      const name = field.name[0]!.toUpperCase() + field.name.slice(1);
      expect(
        field.args.map(({ name: own, type }) => `${own}: ${type}`),
        field.name,
      ).toEqual([`input: ${name}Input!`]);
      expect(String(field.type), field.name).toBe(`${name}Payload`);
    }
  });

  it('makes every field that can be refused nullable, so that a refusal does not affect its siblings', () => {
    const refusable = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) =>
        Object.values(type.getFields())
          .filter(({ extensions }) => permissionOf(extensions['access'] as never) !== undefined)
          .map((field) => ({ name: `${type.name}.${field.name}`, type: String(field.type) })),
      );
    expect(refusable.length).toBeGreaterThan(100);
    // A subscription has one root field, and a refusal ends it.
    const streams = refusable.filter(({ name }) => name.startsWith('Subscription.'));
    expect(refusable.filter(({ type }) => type.endsWith('!'))).toEqual(streams);
    // Root fields without a permission: refused to unauthenticated callers, without affecting their siblings.
    const roots = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) =>
      Object.values(type.getFields()),
    );
    const never = roots.filter(({ type }) => String(type).endsWith('!')).map(({ name }) => name);
    expect(never.sort()).toEqual(['nodes', 'permissionCatalog', 'serverInfo', 'viewer']);
  });

  it('states the maximum page size of every list', () => {
    for (const type of Object.values(schema.getTypeMap()))
      if (isObjectType(type))
        for (const { name, args } of Object.values(type.getFields()))
          for (const argument of args.filter((one) => one.name === 'first' || one.name === 'last'))
            expect([name, argument.description]).toEqual([name, expect.stringMatching(/at most/i)]);
  });

  it('has a dry run in every mutation of identity and access', () => {
    const without = Object.values(schema.getMutationType()!.getFields())
      .filter((field) => !Object.keys((field.args[0]!.type as any).ofType.getFields()).includes('dryRun'))
      .filter(({ extensions }) => {
        const [resource] = split(permissionOf(extensions['access'] as never)!);
        return entry(resource).iam || resource === 'POLICY';
      });
    // The frontend settings of the viewer do not affect access.
    expect(without.map(({ name }) => name).filter((name) => name !== 'updateMySettings')).toEqual([]);
  });
});
