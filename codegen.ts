import type { CodegenConfig } from '@graphql-codegen/cli';

const options = {
  useTypeImports: true,
  enumsAsTypes: true,
  importExtension: '.ts' as const,
  scalars: { DateTime: 'string', Duration: 'string', BigInt: 'string', JSON: 'unknown', ID: 'string' },
};

/**
 * A typed client of the public schema, as a frontend would generate its own. The tests use it. And the types of the
 * requests of `gatehouse/engine`.
 */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  ignoreNoDocuments: true,
  generates: {
    'test/generated/': {
      documents: ['test/**/*.ts', '!test/generated/**', '!**/node_modules/**'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: options,
    },
    'src/engine/generated/schema.ts': {
      documents: ['src/engine/documents.ts'],
      plugins: ['typescript-operations'],
      config: { ...options, immutableTypes: true },
    },
  },
};
export default config;
