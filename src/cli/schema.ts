import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { type GraphQLSchema, lexicographicSortSchema } from 'graphql';
import { assertNoArguments, type Command } from './usage.ts';

const path = join(import.meta.dirname, '..', '..', 'schema.graphql');

const head = '# Printed by `npm run schema`. Do not edit: change the code, then print it again.\n\n';

/** The committed public schema: sorted, with the permission of each field. */
export const printPublicSchema = (schema: GraphQLSchema): string =>
  `${head}${printSchemaWithDirectives(lexicographicSortSchema(schema))}\n`;

export const schemaCommand: Command = {
  name: 'schema',
  usage: 'schema',
  description: 'Write the schema to schema.graphql.',
  async run(args) {
    assertNoArguments('schema', args);
    const { schema } = await import('../schema.ts');
    writeFileSync(path, printPublicSchema(schema));
    console.log(`written: ${path}`);
    return 0;
  },
};
