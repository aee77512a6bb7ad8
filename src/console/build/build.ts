import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, createServer } from 'vite';
import { accessOf } from './access.ts';

// Compiles the GraphQL documents of the console and builds its files, which the gateway serves. With `watch`, serves them
// with hot reload, next to a gateway on port 4000.
const place = join(import.meta.dirname, '..');
const configFile = join(place, 'vite.config.ts');
const compiler = join(place, '..', '..', 'node_modules', '.bin', 'relay-compiler');

// An installation without development dependencies has the built files already.
if (!existsSync(compiler)) process.exit();
mkdirSync(join(place, 'generated'), { recursive: true });
// The compiler resolves its paths from the working directory.
execFileSync(compiler, ['relay.config.json'], { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] });
// The compiler deletes files of this folder that it did not write.
writeFileSync(
  join(place, 'generated', 'access.ts'),
  accessOf(readFileSync(join(place, '..', '..', 'schema.graphql'), 'utf8')),
);
if (process.argv[2] === 'watch') {
  const server = await createServer({ configFile });
  await server.listen();
  server.printUrls();
} else {
  await build({ configFile, logLevel: 'warn' });
  // Compressed once, with the best levels, instead of for each browser.
  const assets = join(place, 'dist', 'assets');
  for (const name of readdirSync(assets).filter((file) => /\.(js|css)$/.test(file))) {
    const content = readFileSync(join(assets, name));
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}
