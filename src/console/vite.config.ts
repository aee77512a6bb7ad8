import { join } from 'node:path';
import locales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { relay } from './build/relay-plugin.ts';

const gateway = 'http://localhost:4000';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [
    relay(join(import.meta.dirname, 'generated')),
    react(),
    // Words of React Aria in one language: those of all take 20 kB.
    { ...locales.vite({ locales: ['en-US'] }), enforce: 'pre' },
  ],
  build: {
    outDir: join(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    target: 'es2024',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
  },
  server: {
    port: 4001,
    proxy: {
      '/auth': gateway,
      '/graphql': { target: gateway, ws: true },
    },
  },
});
