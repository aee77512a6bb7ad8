import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../support/world.ts';
import { assertSound, openBrowser, signIn, visit, type Watched } from './browser.ts';
import { peopledWorld, secret } from './people.ts';
import { addRuns } from './runs.ts';

const flow = '/flows/company.data/orders';
const namespace = '/namespaces/company.data';
const tabsOf = (path: string, tabs: readonly string[]) => [path, ...tabs.map((tab) => `${path}?tab=${tab}`)];
const orchestration = [
  '/welcome',
  '/flows',
  '/flows/new',
  ...tabsOf(flow, ['topology', 'editor', 'revisions', 'executions', 'logs', 'metrics', 'dependencies', 'triggers']),
  ...tabsOf(flow, ['files', 'activity']).slice(1),
  `${flow}?tab=topology&task=task:fetch`,
  '/triggers',
  '/namespaces',
  ...tabsOf(namespace, ['flows', 'variables', 'defaults', 'secrets', 'values', 'files', 'access', 'activity']),
  '/blueprints',
  '/plugins',
  '/plugins/io.kestra.plugin.core.log.Log',
];

/** Those that look different with fewer rights. */
const withRights = new Set([
  '/welcome',
  '/flows',
  flow,
  `${flow}?tab=editor`,
  '/triggers',
  '/namespaces',
  `${namespace}?tab=secrets`,
  `${namespace}?tab=access`,
  '/blueprints',
]);

const pages = [
  '',
  '/executions',
  '/executions?run=bad',
  '/executions/bad',
  '/executions/bad?tab=gantt&run=t4',
  '/executions/bad?tab=logs',
  '/executions/bad?tab=topology&task=load',
  '/executions/bad?tab=outputs',
  '/logs',
  '/task-runs',
  '/access-explorer',
  '/users',
  '/service-accounts',
  '/groups',
  '/roles',
  '/bindings',
  '/api-tokens',
  '/invitations',
  '/sessions',
  '/settings',
  '/settings?tab=second-factor',
  '/settings?tab=passkeys',
  '/settings?tab=appearance',
  '/audit-log',
  '/audit-log/verify',
  '/policies',
  '/policies/naming',
  '/policies?tab=yaml',
  '/workers',
  '/worker-groups',
  '/maintenance',
  '/maintenance?tab=banners',
  '/stats',
  '/tenants',
  '/tenants/main',
];
const orchestrationFor = (username: string) =>
  username === 'admin' ? orchestration : orchestration.filter((path) => withRights.has(path));

describe('every page of the console', () => {
  let world: World;
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    const people = await peopledWorld();
    world = people.world;
    await addRuns(world, people.main);
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const visitors = [
    ['admin', 'desk', 'light'],
    ['admin', 'desk', 'dark'],
    ['admin', 'phone', 'light'],
    ['editor', 'desk', 'light'],
    ['viewer', 'phone', 'dark'],
  ] as const;
  it.each(
    (['orchestration', 'the others'] as const).flatMap((part) =>
      visitors.map((visitor) => [part, ...visitor] as const),
    ),
  )(
    'has no fault and no barrier: %s, for %s, on a %s, %s',
    async (part, username, size, theme) => {
      const { page, faults } = await signIn(browser, { url: world.urls[0]!, username, password: secret, size, theme });
      // The same pages in other colours.
      const rules = username === 'admin' && theme === 'dark' ? ['color-contrast'] : undefined;
      for (const path of part === 'orchestration' ? orchestrationFor(username) : pages) {
        await visit(page, `/t/main${path}`);
        await assertSound({ page, faults }, rules);
      }
      const lists = part === 'orchestration' ? ['triggers'] : ['users', 'groups', 'roles', 'service-accounts'];
      for (const list of lists) await openFirst({ page, faults }, list, rules);
      expect(faults).toEqual([]);
      await page.context().close();
    },
    180_000,
  );
});

/** Opens the first object of a list, if the viewer can see one, and each part of its page. */
async function openFirst({ page, faults }: Watched, list: string, rules: string[] | undefined): Promise<void> {
  await visit(page, `/t/main/${list}`);
  await page.locator('.skeleton').waitFor({ state: 'detached' });
  const first = page.locator('table.data tbody a').first();
  if ((await first.count()) === 0) return;
  await first.click();
  const parts = page.getByRole('navigation', { name: 'Parts of the page' });
  await parts.waitFor();
  for (const part of await parts.getByRole('link').allInnerTexts()) {
    await parts.getByRole('link', { name: part, exact: true }).click();
    await assertSound({ page, faults }, rules);
  }
}
