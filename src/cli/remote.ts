import { readFileSync } from 'node:fs';
import { signInOf } from '../config.ts';
import type { Issue } from '../errors.ts';
import { authorizationOfProfile, chosenProfile } from './profiles.ts';
import { askSecret } from './prompt.ts';

/** A running gateway and the credential of the caller. */
export interface Remote {
  readonly url: string;
  readonly authorization: string;
  /** Name of the profile whose token is used. */
  readonly profile?: string;
}

export interface RemoteError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly issues?: readonly Issue[] };
}
export interface RemoteAnswer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly RemoteError[];
}

/** Options to connect to a gateway. */
export const remoteOptions = {
  server: { type: 'string' },
  profile: { type: 'string' },
  'api-token': { type: 'string' },
  'api-token-file': { type: 'string' },
  user: { type: 'string' },
  'password-file': { type: 'string' },
} as const;
export const remoteUsage =
  '[--server URL] [--profile NAME | --api-token-file FILE | --user USER [--password-file FILE]]';

export interface RemoteValues {
  readonly server?: string | undefined;
  readonly profile?: string | undefined;
  readonly 'api-token'?: string | undefined;
  readonly 'api-token-file'?: string | undefined;
  readonly user?: string | undefined;
  readonly 'password-file'?: string | undefined;
}

const firstLine = (path: string): string => readFileSync(path === '-' ? 0 : path, 'utf8').split(/\r?\n/, 1)[0]!;

/** Every account can list the arguments of a command, and npm prints them. */
const warnOf = (option: string, instead: string) =>
  console.error(
    `WARNING: every account of this machine can read the secret in ${option}, and npm run prints it. Use ${instead}.`,
  );

/** @throws if an option is missing or invalid. */
export async function readRemote(values: RemoteValues): Promise<Remote> {
  if (values.server !== undefined && !URL.canParse(values.server))
    throw new Error('--server requires the URL of the gateway.');
  const given = await givenAuthorization(values);
  // A command with a server and a sign-in of its own needs no profile.
  const isComplete = values.server !== undefined && given !== undefined && values.profile === undefined;
  const profile = isComplete ? undefined : chosenProfile(values.profile, values.server);
  const server = values.server ?? profile?.server;
  if (server === undefined)
    throw new Error('--server requires the URL of the gateway, or sign in with gatehouse login.');
  const url = `${server.replace(/\/$/, '')}/graphql`;
  if (given !== undefined) return { url, authorization: given };
  if (!profile)
    throw new Error('Sign in with gatehouse login, --api-token-file, --user, GATEHOUSE_API_TOKEN or GATEHOUSE_USER.');
  return { url, authorization: authorizationOfProfile(profile), profile: profile.name };
}

/** Returns the sign-in of the options or, without one, of the environment. Undefined if neither has one. */
async function givenAuthorization(values: RemoteValues): Promise<string | undefined> {
  const { user, 'api-token': token, 'api-token-file': tokenFile, 'password-file': passwordFile } = values;
  const given = [user, token, tokenFile].filter((value) => value !== undefined).length;
  if (given > 1) throw new Error('Sign in with either a token or --user.');
  const own = signInOf();
  if (token !== undefined) warnOf('--api-token', '--api-token-file or GATEHOUSE_API_TOKEN');
  const bearer = token ?? (tokenFile !== undefined ? firstLine(tokenFile) : user === undefined ? own.token : undefined);
  if (bearer !== undefined) return `Bearer ${bearer}`;
  const asked = nameAndPassword(user ?? own.user);
  if (asked === undefined) return undefined;
  const { name } = asked;
  const isTyped = user !== undefined && asked.password !== undefined;
  if (isTyped) warnOf('--user', '--user USER with --password-file, or GATEHOUSE_USER');
  const variable = nameAndPassword(own.user);
  const known = variable?.name === name ? variable.password : undefined;
  const password = isTyped ? asked.password : await passwordOf(name, passwordFile, known);
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function nameAndPassword(text: string | undefined): { name: string; password: string | undefined } | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf(':');
  return at < 0 ? { name: text, password: undefined } : { name: text.slice(0, at), password: text.slice(at + 1) };
}

/** `known` is the password for this user from the environment. */
async function passwordOf(user: string, file: string | undefined, known: string | undefined): Promise<string> {
  if (file !== undefined) return firstLine(file);
  if (known !== undefined) return known;
  if (!process.stdin.isTTY)
    throw new Error(
      `The password of ${user} is missing. Set --password-file FILE (- is standard input) or GATEHOUSE_USER=${user}:PASSWORD, or use a terminal.`,
    );
  return askSecret(`Password of ${user}: `);
}

/** Sends one operation. Never throws: an unreachable gateway is an error in the result. */
export async function ask<Data>(
  { url, authorization }: Remote,
  query: string,
  variables: Record<string, unknown>,
): Promise<RemoteAnswer<Data>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    return text.startsWith('{')
      ? (JSON.parse(text) as RemoteAnswer<Data>)
      : { errors: [{ message: `${url} answered with status ${response.status}.` }] };
  } catch (error) {
    const { cause, message } = error as Error;
    return { errors: [{ message: `${url} does not answer: ${cause instanceof Error ? cause.message : message}` }] };
  }
}
