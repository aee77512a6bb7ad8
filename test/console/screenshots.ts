import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { chromium as program } from '../support/chromium.ts';
import { freePort } from '../support/program.ts';

// Writes a picture of every page, at both widths and in both themes, to .screenshots/. It starts a gateway with the demo
// organisation for that.
const root = join(import.meta.dirname, '..', '..');
const target = join(root, '.screenshots');

interface Shot {
  readonly name: string;
  readonly path: string;
  /** Links of the page to follow, and buttons to press, in order. */
  readonly follow?: readonly string[];
  readonly press?: readonly string[];
}

const page = (name: string, more: Omit<Shot, 'name' | 'path'> = {}): Shot => ({ name, path: name, ...more });
const within = (list: string, link: string, tab?: string, press: readonly string[] = []): Shot => ({
  name: [list, link, tab, ...press]
    .filter(Boolean)
    .join(' ')
    .replaceAll(/[^\w]+/g, '-')
    .toLowerCase(),
  path: list,
  follow: [link, ...(tab === undefined ? [] : [tab])],
  press,
});

/** As the administrator of the tenant. */
const tenantPages: readonly Shot[] = [
  { name: 'home', path: '' },
  page('executions'),
  page('logs'),
  page('task-runs'),
  within('task-runs', 'load'),
  ...['Overview', 'Logs', 'Topology', 'Outputs', 'Metrics'].map((tab) => within('task-runs', 'load', tab)),
  page('welcome'),
  page('flows'),
  { name: 'flow', path: 'flows/company.data/orders-daily' },
  ...['topology', 'editor', 'revisions', 'executions', 'logs', 'metrics', 'dependencies', 'triggers', 'files'].map(
    (tab) => ({ name: `flow-${tab}`, path: `flows/company.data/orders-daily?tab=${tab}` }),
  ),
  { name: 'flow-run', path: 'flows/company.data/hello', press: ['Run'] },
  { name: 'flow-create', path: 'flows/new' },
  { name: 'flows-import', path: 'flows', press: ['Import'] },
  page('triggers'),
  within('triggers', 'every-morning'),
  within('triggers', 'every-morning', 'Backfill'),
  page('namespaces'),
  ...['overview', 'flows', 'variables', 'defaults', 'secrets', 'values', 'access'].map((tab) => ({
    name: `namespace-${tab}`,
    path: `namespaces/company.data?tab=${tab}`,
  })),
  page('blueprints'),
  within('blueprints', 'Say hello'),
  page('plugins'),
  { name: 'plugin', path: 'plugins/io.kestra.plugin.core.flow.ForEach' },
  page('users'),
  within('users', 'bob'),
  within('users', 'bob', 'By namespace'),
  within('users', 'bob', 'Roles', ['Give a role']),
  within('users', 'bob', 'Activity'),
  page('service-accounts'),
  within('service-accounts', 'ci-deploy', 'Roles'),
  page('groups'),
  within('groups', 'Data'),
  within('groups', 'Data', undefined, ['Delete…']),
  page('roles'),
  within('roles', 'Editor'),
  within('roles', 'Editor', 'Least privilege'),
  page('bindings'),
  page('api-tokens'),
  { name: 'api-token-create', path: 'api-tokens', press: ['Create a token'] },
  page('invitations'),
  { name: 'invitation-create', path: 'invitations', press: ['Invite'] },
  page('sessions'),
  page('settings'),
  { name: 'settings-second-factor', path: 'settings?tab=second-factor' },
  { name: 'settings-passkeys', path: 'settings?tab=passkeys' },
  { name: 'settings-appearance', path: 'settings?tab=appearance' },
  page('access-explorer'),
  page('audit-log'),
  { name: 'audit-log-event', path: 'audit-log', press: ['Open event'] },
  { name: 'audit-log-verify', path: 'audit-log/verify', press: ['Verify'] },
  page('maintenance'),
  { name: 'kill-switch-create', path: 'maintenance', press: ['Create a kill switch'] },
  page('stats'),
];
/** As a super admin. */
const instancePages: readonly Shot[] = [
  page('policies'),
  { name: 'policy', path: 'policies/naming', press: ['Add one'] },
  { name: 'policies-yaml', path: 'policies?tab=yaml' },
  page('workers'),
  page('worker-groups'),
  within('worker-groups', 'gpu'),
  page('tenants'),
  { name: 'tenant', path: 'tenants/main' },
  { name: 'user-create', path: 'users', press: ['Add a user'] },
];

const looks = [
  { name: '1280-light', width: 1280, height: 900, theme: 'light' },
  { name: '1280-dark', width: 1280, height: 900, theme: 'dark' },
  { name: '390-light', width: 390, height: 844, theme: 'light' },
  { name: '390-dark', width: 390, height: 844, theme: 'dark' },
] as const;

async function start(data: string): Promise<{ url: string; passwords: Map<string, string>; stop: () => void }> {
  const port = await freePort();
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: root,
    env: { ...process.env, PORT: String(port), GATEHOUSE_DATA_DIR: data, GATEHOUSE_DEMO: '1', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const passwords = new Map<string, string>();
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.includes('Ctrl-C stops')) break;
  }
  for (const [, name = '', password = ''] of text.matchAll(/(?:user )?(\w+),? +password (\S+)/g))
    passwords.set(name, password);
  child.stdout.resume();
  return { url: `http://localhost:${port}`, passwords, stop: () => child.kill('SIGTERM') };
}

async function shoot(context: BrowserContext, shots: readonly Shot[], look: string): Promise<void> {
  const shown = await context.newPage();
  for (const { name, path, follow = [], press = [] } of shots) {
    await shown.goto(`/t/main/${path}`);
    await shown.getByRole('heading', { level: 1 }).waitFor();
    for (const link of follow) await shown.locator('main').getByRole('link', { name: link }).first().click();
    for (const button of press) await shown.getByRole('button', { name: button }).first().click();
    await shown.waitForLoadState('networkidle');
    await shown.locator('.skeleton').waitFor({ state: 'detached' });
    await shown.waitForTimeout(500);
    await shown.screenshot({ path: join(target, `${name}-${look}.png`) });
  }
  await shown.close();
}

if (!program) throw new Error('Chromium is not installed. On Debian: apt-get install chromium');
const data = mkdtempSync(join(tmpdir(), 'gatehouse-screenshots-'));
const { url, passwords, stop } = await start(data);
const browser = await chromium.launch({
  executablePath: `/usr/bin/${program}`,
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  for (const { name, width, height, theme } of looks)
    for (const [username, shots] of [
      ['alice', tenantPages],
      ['admin', instancePages],
    ] as const) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, baseURL: url });
      const data = { username, password: passwords.get(username) };
      await context.request.post('/auth/sign-in', { data, headers: { origin: url } });
      await shoot(context, shots, name);
      await context.close();
    }
  console.log(`${looks.length * (tenantPages.length + instancePages.length)} pictures in ${target}`);
} finally {
  await browser.close();
  stop();
  rmSync(data, { recursive: true, force: true, maxRetries: 5 });
}
