import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const built = join(import.meta.dirname, '..', '..', 'src', 'console', 'dist');
const maxBytes = 200_000;

it('is at most 200 kB, compressed: scripts and styles that the page of the console names', () => {
  const page = readFileSync(join(built, 'index.html'), 'utf8');
  const files = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(1);
  const bytes = files.reduce((sum, file) => sum + statSync(join(built, `${file}.gz`)).size, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(maxBytes);
});
