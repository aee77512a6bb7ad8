import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { userFolderOf } from '../config.ts';

/** A gateway that the user has signed in to with `gatehouse login`. */
const profile = z.strictObject({
  /** URL of the gateway, without a slash at the end. */
  server: z.url(),
  user: z.string(),
  token: z.string(),
  tokenId: z.string(),
  expiresAt: z.iso.datetime(),
});
export type Profile = z.infer<typeof profile>;
const file = z.strictObject({ profiles: z.record(z.string(), profile) });
export type Profiles = Readonly<Record<string, Profile>>;

export const defaultProfile = 'default';
const namePattern = /^[\w.-]{1,64}$/;

/** Compares servers by their normalized URL. */
export const serverOf = (text: string): string => new URL(text).href.replace(/\/$/, '');

const pathOf = (): string => join(userFolderOf(), 'profiles.json');

/** @throws if the name cannot be one of a profile. */
export function checkName(name: string): string {
  if (!namePattern.test(name) || name === '__proto__')
    throw new Error('The name of a profile has 1 to 64 letters, digits, dots, hyphens and underscores.');
  return name;
}

/** Reads the profiles of the user. @throws if other accounts can read the file, or it is invalid. */
export function readProfiles(): Profiles {
  const path = pathOf();
  let text: string;
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new Error(`Other accounts can read ${path}, which has API tokens. Run chmod 600 on it.`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return file.parse(JSON.parse(text)).profiles;
  } catch {
    throw new Error(`${path} is invalid. Delete it, and sign in again with gatehouse login.`);
  }
}

/** Sets or removes a profile. The file is replaced in one step, and only its owner can read it. */
export function writeProfile(name: string, content: Profile | undefined): void {
  const { [name]: _former, ...rest } = readProfiles();
  const profiles = content ? { ...rest, [name]: content } : rest;
  mkdirSync(userFolderOf(), { recursive: true, mode: 0o700 });
  const draft = `${pathOf()}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify({ profiles }, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, pathOf());
}

export interface NamedProfile extends Profile {
  readonly name: string;
}

/**
 * Returns the profile of a command. With a server, that is one of the same server: a token is sent to no other.
 * @param name of `--profile`. @throws if it does not exist or belongs to another server.
 */
export function chosenProfile(name: string | undefined, server: string | undefined): NamedProfile | undefined {
  if (name !== undefined) checkName(name);
  const profiles = readProfiles();
  const wanted = server === undefined ? undefined : serverOf(server);
  const named = (key: string): NamedProfile | undefined => {
    const found = profiles[key];
    return found && (wanted === undefined || found.server === wanted) ? { ...found, name: key } : undefined;
  };
  if (name === undefined) {
    const ofServer = Object.keys(profiles).filter((key) => wanted !== undefined && named(key));
    return named(defaultProfile) ?? (ofServer.length === 1 ? named(ofServer[0]!) : undefined);
  }
  const found = named(name);
  if (found) return found;
  throw new Error(
    profiles[name]
      ? `The profile ${name} belongs to ${profiles[name].server}. Omit --server, or use another profile.`
      : `The profile ${name} does not exist. Create it with gatehouse login --server URL --profile ${name}.`,
  );
}

/** Returns the Authorization header of a profile. @throws if its token has expired. */
export function authorizationOfProfile({ name, server, token, expiresAt }: NamedProfile): string {
  if (new Date(expiresAt) > new Date()) return `Bearer ${token}`;
  const option = name === defaultProfile ? '' : ` --profile ${name}`;
  throw new Error(`The token of the profile ${name} has expired. Run gatehouse login --server ${server}${option}.`);
}
