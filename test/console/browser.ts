import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { chromium as program } from '../support/chromium.ts';

export const sizes = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

export async function openBrowser(): Promise<Browser> {
  if (!program) throw new Error('Chromium is not installed. On Debian: apt-get install chromium');
  const options = { args: ['--no-sandbox', '--disable-gpu'] };
  return chromium.launch({ ...options, executablePath: `/usr/bin/${program}` });
}

/** A page with the faults that it has reported: errors, and violations of the content security policy. */
export interface Watched {
  readonly page: Page;
  readonly faults: string[];
}

export interface Visitor {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly size?: keyof typeof sizes;
  readonly theme?: 'light' | 'dark';
}

/** Opens a browser of its own for the visitor, on the page of the sign-in. */
async function open(browser: Browser, { url, size = 'desk', theme = 'light' }: Visitor): Promise<Watched> {
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    baseURL: url,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  return { page, faults };
}

/** Opens the console and signs in by the form, as a person does. */
export async function signInByForm(browser: Browser, visitor: Visitor): Promise<Watched> {
  const watched = await open(browser, visitor);
  const { page, faults } = watched;
  await page.goto('/');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('User name').fill(visitor.username);
  await page.getByLabel('Password').fill(visitor.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  // The first visit was not signed in.
  faults.length = 0;
  return watched;
}

/** Opens a page of the console, signed in. */
export async function signIn(browser: Browser, visitor: Visitor, path = '/'): Promise<Watched> {
  const watched = await open(browser, visitor);
  const { page } = watched;
  const { username, password, url } = visitor;
  const response = await page.request.post('/auth/sign-in', { data: { username, password }, headers: { origin: url } });
  if (!response.ok()) throw new Error(`the sign-in is refused: ${await response.text()}`);
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return watched;
}

/** Goes to another page of the console, without loading it again. */
export async function visit(page: Page, path: string): Promise<void> {
  const isOther = new URL(page.url()).pathname !== new URL(path, page.url()).pathname;
  await page.evaluate((to) => {
    document.querySelector('h1')?.setAttribute('data-former', '');
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
  await page.locator(isOther ? 'h1:not([data-former])' : 'h1').waitFor();
}

/** Expects that the page has no barrier, does not scroll sideways, and reported no fault. */
export async function assertSound({ page, faults }: Watched, rules?: string[]): Promise<void> {
  const path = new URL(page.url()).pathname;
  await page.locator('.skeleton').waitFor({ state: 'detached' });
  expect([path, await accessFaults(page, rules)]).toEqual([path, []]);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect([path, width]).toEqual([path, page.viewportSize()!.width]);
  expect([path, faults]).toEqual([path, []]);
}

/** The rules of WCAG 2.2 AA that a page breaks: of all, or of these. */
export async function accessFaults(page: Page, rules?: string[]): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules
    ? axe.withRules(rules)
    : axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  )
    // There are no frames to look into.
    .setLegacyMode(true)
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
}
