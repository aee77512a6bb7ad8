import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const soak = process.env.SOAK === '1';
/** The console in a real browser: npm run test:console. */
const inBrowser = process.env.CONSOLE === '1';

export default defineConfig({
  resolve: {
    // graphql comes as ESM and CommonJS: both loaded, its types do not know each other.
    alias: [
      { find: /^graphql$/, replacement: fileURLToPath(new URL('./node_modules/graphql/index.js', import.meta.url)) },
    ],
  },
  test: {
    include: inBrowser
      ? ['test/console/**/*.browser.ts']
      : soak
        ? ['test/**/*.test.ts', 'test/**/*.soak.ts']
        : ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    server: { deps: { inline: [/@pothos/, /graphql-yoga/, /@envelop/, /@graphql-tools/, /graphql-ws/] } },
    pool: 'forks',
    // A worker keeps the modules of the program from file to file: loading them took a fifth of the whole run.
    isolate: false,
    maxWorkers: 2,
    // A real browser next to a gateway and a database can be slow on a loaded machine.
    retry: inBrowser ? 1 : 0,
    testTimeout: soak ? 1_800_000 : 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: ['default', ['json', { outputFile: inBrowser ? '.vitest/console.json' : '.vitest/report.json' }]],
  },
});
