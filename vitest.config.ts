import { defineConfig } from 'vitest/config';

const soak = process.env.SOAK === '1';
// Each test file loads the gateway in a process of its own: the compiled code is shared between them.
process.env.NODE_COMPILE_CACHE ??= '.vitest/compile-cache';

export default defineConfig({
  test: {
    include: soak ? ['test/**/*.test.ts', 'test/**/*.soak.ts'] : ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // The tests run on the module loader of Node.js, as the gateway does, and not on Vite's.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: soak ? 1_800_000 : 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: ['default', ['json', { outputFile: '.vitest/report.json' }]],
  },
});
