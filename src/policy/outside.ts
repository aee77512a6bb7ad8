import { registerHooks } from 'node:module';

const own: Readonly<Record<string, string>> = {
  'gatehouse/policy': new URL('./contract.ts', import.meta.url).href,
  'gatehouse/policy-testing': new URL('./testing.ts', import.meta.url).href,
};

/**
 * Policies from folders outside the project import `gatehouse/policy` and their tests `gatehouse/policy-testing`,
 * without having it installed: this project answers.
 */
registerHooks({
  resolve(specifier, context, next) {
    const url = Object.hasOwn(own, specifier) ? own[specifier] : undefined;
    return url === undefined ? next(specifier, context) : { url, format: 'module-typescript', shortCircuit: true };
  },
});
