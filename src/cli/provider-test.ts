import { parseArgs } from 'node:util';
import { type Claims, type GroupReading, readGroups } from '../auth/oidc/groups.ts';
import { type ProviderSettings, readConfig } from '../config.ts';
import type { Store, Tx } from '../db/transaction.ts';
import { createLog } from '../lib/log.ts';
import { fold } from '../lib/text.ts';
import { readTextFile } from '../lib/text-file.ts';
import '../resources/index.ts';
import { type GroupPlan, planGroups } from '../resources/identity/single-sign-on/groups.ts';
import { withStore } from './store.ts';
import { UsageError, usedAs } from './usage.ts';

export const testUsage = 'provider test NAME CLAIMS [--user USER]';

/**
 * Shows what the claims of a person would do with the settings of this host: which rules apply, which groups they give
 * and take, and which rights. It changes nothing.
 * @returns 0 if a sign-in would do so, 1 if it would be refused or a rule names a missing group.
 */
export async function providerTest(args: readonly string[]): Promise<number> {
  const { positionals, values } = await usedAs(`Usage: gatehouse ${testUsage}`, () =>
    parseArgs({ args: [...args], options: { user: { type: 'string' } }, allowPositionals: true }),
  );
  const [name, file, ...more] = positionals;
  if (name === undefined || file === undefined || more.length > 0)
    throw new UsageError(`Usage: gatehouse ${testUsage}`);
  const config = readConfig();
  const provider = config.signIn.providers.find((one) => one.name === name);
  if (!provider) throw new UsageError(`The settings have no provider ${name}.`);
  const claims = claimsIn(file);
  return withStore(config, createLog(config.log), ({ prisma }) => report(prisma, provider, claims, values.user));
}

function claimsIn(file: string): Claims {
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(file));
  } catch (error) {
    throw new UsageError(`${file} has no claims: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} must contain a JSON object with the claims of a person.`);
  return value as Claims;
}

const missing = {
  MISSING: 'the claim is missing',
  UNREADABLE: 'the claim is no text and no list of texts',
  OVERAGE: 'the provider sends a link in place of too many groups',
};

async function report(
  prisma: Store['prisma'],
  provider: ProviderSettings,
  claims: Claims,
  username: string | undefined,
): Promise<number> {
  const { name, strict, groups, createUsers, issuer } = provider;
  const user = await userOf(prisma, provider, claims, username);
  console.log(
    user
      ? `${user.username} is the user of this person.`
      : createUsers
        ? 'The sign-in creates a user.'
        : `The sign-in is refused: no user is linked to ${claims['sub'] ?? 'this person'} of ${issuer}.`,
  );
  const reading = readGroups(groups, claims);
  for (const rule of groups)
    console.log(
      `${rule.claim.join('.')} = ${rule.value} → ${rule.tenant}/${rule.group}: ${
        reading.given.includes(rule) ? 'applies' : reading.open.includes(rule) ? 'no answer' : 'does not apply'
      }`,
    );
  if (reading.fault)
    console.log(
      `${missing[reading.fault]}: ${strict ? 'the sign-in is refused.' : 'the groups of these rules stay as they are.'}`,
    );
  const plan = await planGroups(prisma, name, user?.id, reading);
  await reportPlan(prisma, reading, plan);
  const isRefused = (strict && reading.fault !== undefined) || (!user && !createUsers);
  return isRefused || plan.unknown.length > 0 ? 1 : 0;
}

/** The user with this name, or the one who is linked to the subject of the claims. */
async function userOf(
  prisma: Store['prisma'],
  { issuer }: ProviderSettings,
  { sub }: Claims,
  username: string | undefined,
): Promise<{ readonly id: string; readonly username: string } | undefined> {
  if (username !== undefined) {
    const user = await prisma.user.findFirst({ where: { usernameKey: fold(username) } });
    if (!user) throw new UsageError(`The user ${username} does not exist.`);
    return user;
  }
  if (typeof sub !== 'string') return undefined;
  return (await prisma.userIdentity.findFirst({ where: { issuer, subject: sub }, include: { user: true } }))?.user;
}

async function reportPlan(
  prisma: Pick<Tx, 'binding'>,
  { given }: GroupReading,
  { add, remove, unknown }: GroupPlan,
): Promise<void> {
  for (const { tenant, group } of unknown) console.log(`! ${tenant}/${group} does not exist.`);
  for (const { id, name, tenantKey } of add) console.log(`+ ${tenantKey}/${name}${await rightsOf(prisma, id)}`);
  for (const { group, tenantKey } of remove)
    console.log(`- ${tenantKey}/${group.name}${await rightsOf(prisma, group.id)}`);
  if (add.length + remove.length === 0) console.log(given.length > 0 ? 'No group changes.' : 'No group is given.');
}

/** The rights of the members of a group, by its bindings. */
async function rightsOf(prisma: Pick<Tx, 'binding'>, groupId: string): Promise<string> {
  const bindings = await prisma.binding.findMany({
    where: { groupId },
    include: { role: true },
    orderBy: { id: 'asc' },
  });
  const lines = bindings.map(
    ({ role, namespace }) =>
      `\n    ${role.name} ${namespace === '' ? 'in the whole tenant' : `in ${namespace} and below`}: ${[...role.permissions].sort().join(', ')}`,
  );
  return lines.length === 0 ? '\n    no rights' : lines.join('');
}
