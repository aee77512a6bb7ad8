import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
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

  describe('names links and keys by one convention', () => {
    const links: Record<string, string> = { tenant: 'Tenant', namespace: 'Namespace', workerGroup: 'WorkerGroup' };
    const texts: Record<string, RegExp> = {
      tenant: /^tenantKey$|TenantKeys$/,
      namespace: /^namespaceName$/,
      workerGroup: /^workerGroupKey$/,
    };
    const types = Object.values(schema.getTypeMap()).filter(own);
    /** Every name that a field, an argument or an input field has, with the type of its value. */
    const names = types.flatMap((type) => {
      if (isInputObjectType(type))
        return Object.values(type.getFields()).map((field) => ({ ...field, of: type.name, name: field.name }));
      if (!isObjectType(type) && !isInterfaceType(type)) return [];
      return Object.values(type.getFields()).flatMap((field) => [
        { ...field, of: type.name, name: field.name },
        ...field.args.map((argument) => ({ ...argument, of: `${type.name}.${field.name}`, name: argument.name })),
      ]);
    });
    const label = ({ of, name, type }: (typeof names)[number]) => `${of}.${name}: ${type}`;

    it('a plain noun is an object, and nullable; a text names the kind of its key', () => {
      const wrong = names.filter(({ name, type }) => {
        if (name in links) return String(type) !== links[name];
        const noun = Object.keys(texts).find((one) => texts[one]!.test(name));
        return noun !== undefined && getNamedType(type).name !== 'String';
      });
      expect(wrong.filter(({ of }) => !of.startsWith('Mutation')).map(label)).toEqual([]);
      const plural = names.filter(({ name, type }) => /tenants$/i.test(name) && /String/.test(String(type)));
      expect(plural.map(label)).toEqual([]);
      expect(names.filter(({ name }) => Object.values(texts).some((text) => text.test(name))).length).toBeGreaterThan(
        70,
      );
    });

    it('an object that has the key of its tenant links to the tenant', () => {
      const nodes = types.filter((type) => isObjectType(type) && 'viewerPermissions' in type.getFields());
      const without = nodes.filter((type) => {
        const fields = isObjectType(type) ? type.getFields() : {};
        return 'tenantKey' in fields !== 'tenant' in fields;
      });
      expect(nodes.length).toBeGreaterThanOrEqual(15);
      expect(without.map(({ name }) => name)).toEqual([]);
    });

    it('a kind is an enum of Gatehouse; a type is a word of the orchestrator', () => {
      const kinds = names.filter(({ name }) => /^kind$|Kind$/.test(name));
      expect(kinds.filter(({ type }) => !isEnumType(getNamedType(type))).map(label)).toEqual([]);
      const typed = names.filter(({ name }) => name === 'type').map(({ of }) => of);
      expect([...new Set(typed)].sort()).toEqual([
        'InheritedPluginDefault',
        'Metric',
        'MetricName',
        'MetricReport',
        'MetricWhere',
        'Namespace.effectivePluginDefaults',
        'Plugin',
        'PluginDefault',
        'PluginDefaultInput',
        'PluginReport',
        'PluginWhere',
        'PropertyOrigin',
        'RegisterServiceInput',
        'Task',
        'TopologyNode',
        'Trigger',
        'TriggerWhere',
        'Worker',
        'WorkerWhere',
      ]);
    });

    it('values of enums are upper case', () => {
      const values = types.flatMap((type) => (isEnumType(type) ? type.getValues().map(({ name }) => name) : []));
      expect(values.filter((name) => !/^[A-Z][A-Z0-9_]*$/.test(name))).toEqual([]);
      expect(values.length).toBeGreaterThan(150);
    });

    it('states it in the description of the schema', () => {
      expect(schema.description).toContain('`tenantKey`');
      expect(committed).toMatch(/\n"""\nThe administration plane[\s\S]*?\n"""\nschema \{/);
    });
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
    // The frontend settings of the viewer, kill switches and banners do not affect access.
    const others = /^updateMySettings$|^(create|update|delete)(KillSwitch|Banner)$/;
    expect(without.map(({ name }) => name).filter((name) => !others.test(name))).toEqual([]);
  });
});
