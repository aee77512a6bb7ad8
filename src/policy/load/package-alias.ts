import { registerHooks } from 'node:module';
import { extname } from 'node:path';

// TypeScript in the project, JavaScript in the installed package.
const extension = extname(import.meta.url);
const format = extension === '.ts' ? 'module-typescript' : 'module';
const own: Readonly<Record<string, string>> = {
  'gatehouse/policy': new URL(`../contract${extension}`, import.meta.url).href,
  'gatehouse/policy-testing': new URL(`../testing${extension}`, import.meta.url).href,
};

/**
 * Resolves the imports `gatehouse/policy` and `gatehouse/policy-testing` to this project, so that policies and tests
 * outside of it work without installing the package.
 */
registerHooks({
  resolve(specifier, context, next) {
    const url = Object.hasOwn(own, specifier) ? own[specifier] : undefined;
    return url === undefined ? next(specifier, context) : { url, format, shortCircuit: true };
  },
});
