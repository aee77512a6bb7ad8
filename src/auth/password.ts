import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Issue, unavailable } from '../errors.ts';
import { FairQueue } from '../lib/fair-queue.ts';
import { assertNoLock } from '../lib/held-lock.ts';
import { fold } from '../lib/text.ts';

const derive = promisify(argon2);

/** OWASP's min parameters for argon2id: 19 MiB, two passes, one lane. */
const parameters = { memory: 19_456, passes: 2, parallelism: 1 };
const head = `$argon2id$v=19$m=${parameters.memory},t=${parameters.passes},p=${parameters.parallelism}`;

// Two concurrent hashes leave the event loop and the other threads of the pool to other work.
const hashing = new FairQueue({
  width: 2,
  perOwner: 20,
  total: 200,
  refusal: () => unavailable('Too many passwords are being checked at once. Try again.'),
});

const normalise = (password: string): string => password.normalize('NFKC');

async function compute(
  password: string,
  salt: Buffer,
  { memory, passes, parallelism }: typeof parameters,
  owner: string,
): Promise<Buffer> {
  assertNoLock();
  const message = Buffer.from(normalise(password));
  return hashing.run(owner, () =>
    derive('argon2id', { message, nonce: salt, memory, passes, parallelism, tagLength: 32 }),
  );
}

/** @param owner owner in the shared queue of hashes. @returns the hash in PHC format, with its parameters. */
export async function hashPassword(password: string, owner = ''): Promise<string> {
  const salt = randomBytes(16);
  const tag = await compute(password, salt, parameters, owner);
  return `${head}$${salt.toString('base64').replaceAll('=', '')}$${tag.toString('base64').replaceAll('=', '')}`;
}

/** A hash that no password matches, so that an unknown user costs the same time as a known one. */
const unmatchable = `${head}$${randomBytes(16).toString('base64').replaceAll('=', '')}$${randomBytes(32).toString('base64').replaceAll('=', '')}`;

/**
 * Verifies a password in the same time for an unknown user (null).
 * @param owner owner in the shared queue of hashes.
 */
export async function verifyPassword(password: string, stored: string | null, owner = ''): Promise<boolean> {
  const [, , , options = '', salt = '', tag = ''] = (stored ?? unmatchable).split('$');
  const [memory = 0, passes = 0, parallelism = 0] = options.split(',').map((part) => Number(part.slice(2)));
  const expected = Buffer.from(tag, 'base64');
  const actual = await compute(password, Buffer.from(salt, 'base64'), { memory, passes, parallelism }, owner);
  return stored !== null && expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** True if the hash has outdated parameters. The next sign-in replaces it. */
export const needsRehash = (stored: string): boolean => !stored.startsWith(`${head}$`);

const common = [
  'password',
  'passw0rd',
  'qwertyuiop',
  'letmein',
  'iloveyou',
  'welcome',
  'administrator',
  'admin',
  'changeme',
  'secret',
  'abc123',
  '1q2w3e4r5t',
  'qwerty',
  'football',
  'monkey',
  'dragon',
  'master',
  'trustno1',
  'correcthorsebatterystaple',
];
const product = ['gatehouse', 'kestra'];

/**
 * Checks a password after NIST SP 800-63B: its length, no composition rules, and a list of commonly guessed words.
 * @param context words about the account: its name, email and tenants.
 * @returns the faults; empty if the password is acceptable.
 */
export function passwordIssues(
  password: string,
  least: number,
  context: readonly string[],
  path: Issue['path'],
): Issue[] {
  const length = [...normalise(password)].length;
  const issue = (message: string): Issue[] => [{ path, message }];
  if (length < least) return issue(`The password must have at least ${least} characters.`);
  if (length > 1_024) return issue('The password must have at most 1,024 characters.');
  const folded = fold(password);
  const words = [...context.flatMap((word) => [word, ...word.split('@')]), ...product, ...common]
    .map(fold)
    .filter((word) => word.length >= 4)
    .sort((a, b) => b.length - a.length);
  // The password must be strong enough without its guessable words.
  const carriesTooLittle = (text: string): boolean => {
    const rest = words.reduce((left, word) => left.replaceAll(word, ''), text);
    return rest.length !== text.length && [...rest].length < 8;
  };
  if (
    carriesTooLittle(folded) ||
    carriesTooLittle(unmasked(folded)) ||
    /^(.{1,4})\1+.{0,3}$/u.test(folded) ||
    isRun(folded)
  ) {
    return issue('This password is easy to guess. Choose another one.');
  }
  return [];
}

const masks: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
};

/** Reverts common substitutions: p@ssw0rd is as easy to guess as password. */
const unmasked = (text: string): string => text.replace(/[@431!0$57]/g, (character) => masks[character]!);

/** True for 123456789012345, abcdefghijklmno, and the same backwards. */
function isRun(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0)!);
  const steps = new Set(codes.slice(1).map((code, i) => code - codes[i]!));
  return [...steps].every((step) => Math.abs(step) === 1 || Math.abs(step) === 9);
}
