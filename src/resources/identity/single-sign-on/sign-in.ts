import type { Doer, Origin } from '../../../access/grant.ts';
import { append, envelope } from '../../../audit/record.ts';
import { oidcMethod } from '../../../auth/methods.ts';
import { SignInFault } from '../../../auth/oidc/fault.ts';
import { type GroupReading, readGroups } from '../../../auth/oidc/groups.ts';
import type { Proved, Provider } from '../../../auth/oidc/provider.ts';
import type { Tx } from '../../../db/transaction.ts';
import { GatehouseError } from '../../../errors.ts';
import type { Json } from '../../../lib/json.ts';
import { type Begun, beginSession, type Proof, type SessionServices } from '../session/sign-in.ts';
import { applyGroups, type GroupPlan, planGroups } from './groups.ts';
import { createPerson, findPerson, type Known } from './people.ts';

export interface From extends Origin {
  readonly userAgent: string | undefined;
  /** Cookie of the session that the browser had. */
  readonly former: string | undefined;
}

/**
 * Signs in a person whom a provider has vouched for: finds or creates their user, adjusts the groups that the provider
 * manages, and begins a session. @throws {SignInFault}
 */
export async function signInPerson(
  services: SessionServices,
  provider: Provider,
  proved: Proved,
  { userAgent, former, ...from }: From,
): Promise<Begun> {
  const { store, freshness } = services;
  const { settings } = provider;
  const who = { issuer: proved.issuer, subject: proved.subject };
  const reading = readGroups(settings.groups, proved.claims);
  if (settings.strict && reading.fault)
    throw new SignInFault(reading.fault === 'OVERAGE' ? 'GROUPS_OVERAGE' : 'GROUPS_MISSING', settings, who);
  let person = await findPerson(store.prisma, proved);
  if (!person) {
    if (!settings.createUsers) throw new SignInFault('UNKNOWN_PERSON', settings, who);
    person = await createPerson(store, provider, proved, from).catch((error: unknown) => {
      throw error instanceof SignInFault ? new SignInFault(error.reason, settings, { ...who, ...error.detail }) : error;
    });
    await freshness.confirmWithin(1_000);
  }
  const { user } = person;
  const plan = await planGroups(store.prisma, settings.name, user.id, reading);
  const doer: Doer = { kind: 'USER', id: user.id, name: user.username, ...from };
  try {
    const proof = proofOf(provider, proved, person, { plan, reading, doer, from });
    return await beginSession(services, doer, proof, { userAgent, former });
  } catch (error) {
    if (error instanceof GatehouseError && error.code === 'UNAUTHENTICATED')
      throw new SignInFault('NOT_ALLOWED', settings, { ...who, username: user.username });
    throw error;
  }
}

interface Groups {
  readonly plan: GroupPlan;
  readonly reading: GroupReading;
  readonly doer: Doer;
  readonly from: Origin;
}

function proofOf(
  { settings }: Provider,
  { sid, idToken, refreshToken }: Proved,
  { id: identityId, userId }: Known,
  { plan, reading, doer, from }: Groups,
): Proof {
  const { name } = settings;
  const { fault } = reading;
  const isKept = plan.add.length + plan.remove.length === 0;
  return {
    method: 'OIDC',
    provider: name,
    sid,
    identityId,
    idToken,
    ...(settings.refreshMinutes !== undefined && { refreshToken }),
    holds: async (tx) => {
      const users = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM "User" u JOIN "UserIdentity" i ON i."userId" = u.id
        WHERE u.id = ${userId} AND i.id = ${identityId} AND NOT u.disabled AND ${oidcMethod(name)} = ANY(u."authMethods")
        FOR SHARE`;
      return users.length > 0;
    },
    ...(!isKept && {
      // Planned again: the transaction holds the lock of all changes of access.
      access: async (tx: Tx) => applyGroups(tx, name, userId, await planGroups(tx, name, userId, reading), from),
    }),
    ...((fault || plan.unknown.length > 0) && {
      record: (tx: Tx) =>
        noteFault(tx, doer, name, {
          ...(fault && { claim: fault }),
          ...(reading.open.length > 0 && { kept: namesOf(reading.open) }),
          ...(plan.unknown.length > 0 && { unknown: namesOf(plan.unknown) }),
        }),
    }),
  };
}

const maxNames = 20;
const namesOf = (rules: readonly { readonly tenant: string; readonly group: string }[]): string[] =>
  [...new Set(rules.map(({ tenant, group }) => `${tenant}/${group}`))].slice(0, maxNames);

/** Records that the groups of a sign-in are not known, or not all of them: an operator must correct the cause. */
function noteFault(tx: Tx, doer: Doer, provider: string, groups: { readonly [name: string]: Json }): void {
  append(tx, {
    ...envelope(doer),
    tenantId: '',
    tenantKey: '',
    type: 'LOGIN',
    action: 'session.groups',
    outcome: 'ERROR',
    resource: 'SESSION',
    resourceId: '',
    resourceKey: `user:${doer.name}`,
    namespace: '',
    patchText: '',
    details: { method: 'OIDC', provider, ...groups },
  });
}
