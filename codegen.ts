import type { CodegenConfig } from '@graphql-codegen/cli';

/** A typed client of the public schema, as a frontend would generate its own. The tests speak through it. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['test/**/*.ts', '!test/generated/**', '!**/node_modules/**'],
  ignoreNoDocuments: true,
  generates: {
    'test/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        importExtension: '.ts',
        scalars: { DateTime: 'string', Duration: 'string', BigInt: 'string', JSON: 'unknown', ID: 'string' },
      },
    },
  },
};
export default config;
