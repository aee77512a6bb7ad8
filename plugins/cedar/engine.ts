import { createRequire } from 'node:module';
import type * as cedar from '@cedar-policy/cedar-wasm/nodejs';

export type Cedar = typeof cedar;

const require = createRequire(import.meta.url);

/**
 * An instance of Cedar with a memory of its own. What overflows its stack (text that is nested very deeply) spoils its
 * memory for good: that must not reach the policies in force, nor those that come after. With the last policies that use
 * it, it is gone.
 */
export function ownCedar(): Cedar {
  const path = require.resolve('@cedar-policy/cedar-wasm/nodejs');
  delete require.cache[path];
  const own = require(path) as Cedar;
  delete require.cache[path];
  return own;
}
