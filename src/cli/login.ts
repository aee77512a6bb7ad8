import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isLoopback } from '../config.ts';
import { revokeOwnToken } from './logout.ts';
import { codeByLoopback } from './loopback.ts';
import { openBrowser } from './open-browser.ts';
import { checkName, defaultProfile, type Profile, readProfiles, serverOf, writeProfile } from './profiles.ts';
import { type Command, UsageError, usedAs } from './usage.ts';

const usage = 'login --server URL [--device | --no-browser] [--profile NAME]';

interface Settings {
  readonly server: string;
  readonly device: boolean;
  readonly browser: boolean;
  readonly profile: string;
}

function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      server: { type: 'string' },
      device: { type: 'boolean', default: false },
      'no-browser': { type: 'boolean', default: false },
      profile: { type: 'string', default: defaultProfile },
    },
  });
  const url = values.server === undefined ? null : URL.parse(values.server);
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error('--server requires the URL of the gateway.');
  if (url.protocol === 'http:' && !isLoopback(url))
    throw new Error(
      '--server requires https://, because the token is sent to it. Only a loopback host can use http://.',
    );
  checkName(values.profile);
  readProfiles();
  return {
    server: serverOf(url.href),
    device: values.device,
    browser: !values['no-browser'],
    profile: values.profile,
  };
}

const issued = z.object({
  token: z.string(),
  id: z.string(),
  expiresAt: z.iso.datetime(),
  user: z.object({ name: z.string() }),
});
const begun = z.object({
  deviceCode: z.string(),
  userCode: z.string(),
  url: z.url(),
  expiresAt: z.iso.datetime(),
  intervalSeconds: z.number().min(1).max(60),
});
type Issued = z.infer<typeof issued>;

/** Max time of one request. */
const requestMs = 30_000;

/** @throws with the message of the gateway. */
async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(requestMs),
  }).catch((error: Error) => {
    const { cause, message } = error;
    throw new Error(`${url} does not answer: ${cause instanceof Error ? cause.message : message}`);
  });
  const text = await response.text();
  const parsed = text.startsWith('{') ? JSON.parse(text) : undefined;
  if (response.ok && parsed) return parsed;
  throw new Error(parsed?.errors?.[0]?.message ?? `${url} answered with status ${response.status}.`);
}

/** As PKCE: only the command that began the sign-in knows the verifier of its challenge. */
const newVerifier = (): string => randomBytes(32).toString('base64url');
const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

const clientOf = (): string => hostname().slice(0, 100) || 'unknown';

/** The person allows the sign-in in a browser of this machine, which sends a code to a port of the command. */
async function byLoopback({ server, browser }: Settings): Promise<Issued> {
  const verifier = newVerifier();
  const state = randomBytes(16).toString('base64url');
  const code = await codeByLoopback(state, (port) => {
    const url = new URL(`${server}/auth/cli`);
    const query = { port: String(port), challenge: challengeOf(verifier), state, client: clientOf() };
    url.search = new URLSearchParams(query).toString();
    console.log(`Allow the sign-in in your browser:\n\n  ${url.href}\n`);
    if (browser) openBrowser(url.href);
    else console.log('The browser must be on this machine. On another one, use --device.');
  });
  return issued.parse(await post(`${server}/auth/cli/token`, { code, verifier }));
}

/** The person allows the sign-in in a browser of any machine, by a code. */
async function byDevice({ server }: Settings): Promise<Issued> {
  const verifier = newVerifier();
  const device = begun.parse(
    await post(`${server}/auth/device`, { challenge: challengeOf(verifier), client: clientOf() }),
  );
  console.log(`Open ${device.url} on any machine, sign in, and enter the code\n\n  ${device.userCode}\n`);
  const end = new Date(device.expiresAt);
  while (new Date() < end) {
    await sleep(device.intervalSeconds * 1_000);
    const answer = await post(`${server}/auth/cli/token`, { deviceCode: device.deviceCode, verifier });
    const { data } = issued.safeParse(answer);
    if (data) return data;
  }
  throw new Error('The sign-in was not allowed in time.');
}

export const loginCommand: Command = {
  name: 'login',
  usage,
  description: 'Sign in to a gateway in the browser, and keep an API token for other commands.',
  async run(args) {
    const settings = await usedAs(`Usage: gatehouse ${usage}`, () => readSettings(args));
    const { server, device, profile } = settings;
    try {
      const { token, id, expiresAt, user } = await (device ? byDevice(settings) : byLoopback(settings));
      const former: Profile | undefined = readProfiles()[profile];
      writeProfile(profile, { server, user: user.name, token, tokenId: id, expiresAt });
      // The token that the profile had would otherwise stay valid, and in no file.
      if (former) await revokeOwnToken(former).catch(() => undefined);
      console.log(`Signed in to ${server} as ${user.name}, until ${expiresAt.slice(0, 10)}. Profile: ${profile}.`);
      return 0;
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  },
};
