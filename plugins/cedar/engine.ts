import { createRequire } from 'node:module';
import type * as cedar from '@cedar-policy/cedar-wasm/nodejs';

export type Cedar = typeof cedar;

const require = createRequire(import.meta.url);

/**
 * A Cedar instance with its own memory. Input that overflows its stack (deeply nested text) corrupts the memory for good,
 * which must affect neither the policies in force nor later ones. The instance is released with the last policies that
 * use it.
 */
export function ownCedar(): Cedar {
  const path = require.resolve('@cedar-policy/cedar-wasm/nodejs');
  delete require.cache[path];
  const own = require(path) as Cedar;
  delete require.cache[path];
  return own;
}
