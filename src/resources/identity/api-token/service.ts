import { isOfProgram } from '../../../access/actor.ts';
import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import { newToken, tokenHash, tokenPrefix } from '../../../auth/token.ts';
import type { ApiToken } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { type Ceiling, meet } from '../../../policy/principals/ceiling.ts';
import { loadPrincipal } from '../../../policy/principals/principal.ts';
import { find } from '../../../policy/session/find.ts';
import { assertMayHandOn, giftOfBinding } from '../handing-on.ts';
import { subjectName } from '../subject.ts';
import { ceilingFor, stored } from './ceiling.ts';

const yearSeconds = 365 * 86_400;
/** Default max lifetime of an extended token: a year, or twice its max age if that is longer. */
const usualLifetime = (maxAge: number): number => Math.max(yearSeconds, 2 * maxAge);

export interface NewToken {
  readonly name: string;
  readonly description?: string | null | undefined;
  /** Seconds until it expires. Absent if it never expires. */
  readonly maxAge?: number | null | undefined;
  /** True if each use extends the expiry to maxAge after that use. */
  readonly extended?: boolean | null | undefined;
  /** Max lifetime in seconds of an extended token, regardless of use. */
  readonly maxLifetime?: number | null | undefined;
  /** Max permissions of the token. If absent, see `ceilingFor`. */
  readonly ceiling?: Ceiling | null | undefined;
}

/** The only time that the whole token exists in clear text. */
export interface Minted {
  readonly token: ApiToken;
  readonly fullToken: string;
}

async function withOwner(tx: Tx, token: ApiToken) {
  return { ...token, owner: await subjectName(tx, { principalId: token.principalId, groupId: null }) };
}

async function tenantRef(tx: Tx, tenantId: string | null) {
  return tenantId === null ? null : tx.tenant.findUnique({ where: { id: tenantId }, select: { id: true, key: true } });
}

/**
 * A token or password lets its holder act as the owner, so creating one requires all of the owner's permissions.
 * Callers can always create their own.
 */
export async function assertMayActAs(tx: Tx, grant: Grant, ownerId: string): Promise<void> {
  if (ownerId === grant.doer.id) return;
  const owner = await loadPrincipal(tx, ownerId);
  if (!owner) throw notFound('The owner');
  if (owner.superAdmin && !grant.isSuperAdmin) {
    throw new GatehouseError('FORBIDDEN', 'Only a super admin can create credentials of a super admin.', {
      decisionId: grant.decisionId,
      policy: 'handing-on',
    });
  }
  assertMayHandOn(
    grant,
    owner.holdings.map((holding) => giftOfBinding(grant, holding)),
  );
}

/** A token cannot create a token that outlives it. */
function assertNotOutlived(grant: Grant, end: Date | null): void {
  const { expiresAt } = grant.credential;
  if (!isOfProgram(grant.credential) || !expiresAt) return;
  if (end === null || end > expiresAt) {
    throw new GatehouseError(
      'FORBIDDEN',
      `A token created with a token cannot outlive it. The latest possible expiry is ${expiresAt.toISOString()}.`,
      {
        decisionId: grant.decisionId,
        policy: 'handing-on',
      },
    );
  }
}

function lifetime({ maxAge = null, extended, maxLifetime }: NewToken, now: Date) {
  if (maxAge !== null && maxAge <= 0) throw badInput(['input', 'maxAge'], 'maxAge must be at least one second.');
  if (extended && maxAge === null)
    throw badInput(['input', 'extended'], 'A token that never expires cannot be extended. Set maxAge.');
  if (maxLifetime != null && !extended) throw badInput(['input', 'maxLifetime'], 'maxLifetime requires extended.');
  const lifetimeLimit = extended ? (maxLifetime ?? usualLifetime(maxAge!)) : null;
  if (lifetimeLimit !== null && lifetimeLimit <= maxAge!)
    throw badInput(['input', 'maxLifetime'], 'maxLifetime must exceed maxAge.');
  const after = (seconds: number | null) => (seconds === null ? null : new Date(now.getTime() + seconds * 1_000));
  return {
    maxAgeSeconds: maxAge,
    extended: extended ?? false,
    expiresAt: after(maxAge),
    maxExpiresAt: after(lifetimeLimit),
  };
}

/** Lifetime of a token that a person creates in a session without naming one. */
const sessionTokenDays = 90;

/**
 * Limits the lifetime of a token of a user. Programs have service accounts, whose tokens may live for ever.
 * @param days max lifetime of tokens of users; undefined for none.
 * @throws BAD_INPUT.
 */
export async function withinUserLimit<Input extends Pick<NewToken, 'maxAge' | 'extended' | 'maxLifetime'>>(
  tx: Tx,
  { credential }: Grant,
  ownerId: string,
  input: Input,
  days: number | undefined,
): Promise<Input> {
  const owner = await tx.principal.findUnique({ where: { id: ownerId }, select: { kind: true } });
  if (owner?.kind !== 'USER') return input;
  const max = days === undefined ? Number.POSITIVE_INFINITY : days * 86_400;
  const { maxAge, extended, maxLifetime } = input;
  const tooLong = (field: string) =>
    badInput(['input', field], `An API token of a user can live at most ${days} days. Use a shorter ${field}.`);
  if (maxAge != null && maxAge > max) throw tooLong('maxAge');
  if (maxLifetime != null && maxLifetime > max) throw tooLong('maxLifetime');
  const usual = credential.kind === 'session' ? Math.min(sessionTokenDays * 86_400, max) : max;
  if (!extended) return Number.isFinite(usual) ? { ...input, maxAge: maxAge ?? usual } : input;
  if (maxAge == null || days === undefined) return input;
  return { ...input, maxLifetime: maxLifetime ?? Math.min(usualLifetime(maxAge), max) };
}

/**
 * Creator of a token that the doer creates for themselves. If the doer's token was created by another account, that
 * account is the creator.
 */
async function minterOf(tx: Tx, { doer, credential }: Grant, ownerId: string): Promise<string | null> {
  if (ownerId !== doer.id || credential.kind !== 'api-token') return doer.id;
  const by = await tx.apiToken.findFirst({ where: { id: credential.id! }, select: { mintedById: true } });
  return by?.mintedById ?? null;
}

/** Policies see the kind of the owner next to the row. */
async function reviewNew(tx: Tx, grant: Grant, after: Partial<ApiToken> & { principalId: string }): Promise<void> {
  const owner = await tx.principal.findUnique({ where: { id: after.principalId }, select: { kind: true } });
  await grant.review(tx, { before: null, after: { ...after, ownerKind: owner?.kind } });
}

/**
 * Enforces the limit of valid tokens that an owner creates for themselves. Tokens created by others do not count.
 * @param besides a token that is about to expire.
 * @throws LIMIT_EXCEEDED.
 */
export async function assertRoom(
  tx: Tx,
  { doer }: Grant,
  ownerId: string,
  max: number,
  besides?: string,
): Promise<void> {
  if (ownerId !== doer.id) return;
  const valid = await tx.apiToken.count({
    where: {
      principalId: ownerId,
      revokedAt: null,
      OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
      ...(besides !== undefined && { NOT: { id: besides } }),
    },
  });
  if (valid < max) return;
  throw new GatehouseError(
    'LIMIT_EXCEEDED',
    `You have ${max} valid tokens, which is the limit. Revoke tokens that you do not use.`,
    { limit: 'tokens', allowed: max },
  );
}

/** Creates a token of a user or service account. Only the result includes the whole token. */
export async function createApiToken(
  tx: Tx,
  grant: Grant<'API_TOKEN:CREATE'>,
  keys: Keys,
  owner: { id: string; tenantId: string | null },
  input: NewToken,
): Promise<Minted> {
  const now = new Date();
  const fullToken = newToken();
  const after = {
    id: newId(),
    principalId: owner.id,
    tenantId: owner.tenantId,
    name: input.name,
    description: input.description ?? null,
    prefix: tokenPrefix(fullToken),
    hash: tokenHash(keys, fullToken),
    ...lifetime(input, now),
    createdAt: now,
    lastUsedAt: null,
    revokedAt: null,
    mintedById: await minterOf(tx, grant, owner.id),
  };
  await reviewNew(tx, grant, after);
  await assertMayActAs(tx, grant, owner.id);
  assertNotOutlived(grant, after.maxExpiresAt ?? after.expiresAt);
  const ceiling = ceilingFor(grant, owner, input.ceiling);
  const token = await tx.apiToken.create({ data: { ...after, ceiling: stored(ceiling) } });
  record(tx, grant, { before: null, after: await withOwner(tx, token), tenant: await tenantRef(tx, token.tenantId) });
  return { token, fullToken };
}

/** Replaces a valid token with a new one. The old one works for the overlap (seconds). */
export async function rotateApiToken(
  tx: Tx,
  grant: Grant<'API_TOKEN:UPDATE'>,
  keys: Keys,
  id: string,
  overlap: number,
  userTokenDays: number | undefined,
): Promise<Minted & { previous: ApiToken }> {
  const before = await find<ApiToken>(tx, grant, 'API_TOKEN', id);
  const now = new Date();
  if (before.revokedAt || (before.expiresAt && before.expiresAt <= now))
    throw conflict('This token is no longer valid. Create a new one.');
  await assertMayActAs(tx, grant, before.principalId);
  const end = new Date(now.getTime() + overlap * 1_000);
  const expiresAt = before.expiresAt && before.expiresAt < end ? before.expiresAt : end;
  // Not extended again: its expiry is now absolute.
  const data = { expiresAt, extended: false, maxExpiresAt: null };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const maxLifetime = before.maxExpiresAt
    ? Math.round((before.maxExpiresAt.getTime() - before.createdAt.getTime()) / 1_000)
    : null;
  // Earlier versions allowed a max lifetime equal to the max age. Such a token was never extended, nor is the new one.
  const extended = before.extended && (maxLifetime === null || maxLifetime > before.maxAgeSeconds!);
  const maxAge = before.maxAgeSeconds;
  // A token that is older than the limit is replaced by one within it.
  const max = userTokenDays === undefined ? Number.POSITIVE_INFINITY : userTokenDays * 86_400;
  const asked = { name: before.name, maxAge: maxAge && Math.min(maxAge, max), extended };
  const limited = await withinUserLimit(tx, grant, before.principalId, asked, userTokenDays);
  const life = lifetime({ ...limited, ...(extended && { maxLifetime }) }, now);
  assertNotOutlived(grant, life.maxExpiresAt ?? life.expiresAt);
  const fullToken = newToken();
  const next = {
    id: newId(),
    principalId: before.principalId,
    tenantId: before.tenantId,
    name: before.name,
    description: before.description,
    prefix: tokenPrefix(fullToken),
    hash: tokenHash(keys, fullToken),
    createdAt: now,
    lastUsedAt: null,
    revokedAt: null,
    mintedById: await minterOf(tx, grant, before.principalId),
    ...life,
  };
  await reviewNew(tx, grant, next);
  // The caller receives the new token in clear text, so it exceeds neither the old one nor what the caller could create.
  const own = ceilingFor(grant, { id: before.principalId, tenantId: before.tenantId }, null);
  const former = before.ceiling as unknown as Ceiling | null;
  const ceiling = own && former ? meet(own, former) : (own ?? former);
  const previous = await rowsOf(tx).update('ApiToken', id, data);
  const token = await tx.apiToken.create({ data: { ...next, ceiling: stored(ceiling) } });
  const tenant = await tenantRef(tx, token.tenantId);
  record(tx, grant, {
    before: await withOwner(tx, before),
    after: await withOwner(tx, previous),
    tenant,
    verb: 'rotate',
  });
  record(tx, grant, { before: null, after: await withOwner(tx, token), tenant });
  return { token, fullToken, previous };
}

export async function revokeApiToken(tx: Tx, grant: Grant<'API_TOKEN:DELETE'>, id: string): Promise<ApiToken> {
  const before = await find<ApiToken>(tx, grant, 'API_TOKEN', id);
  if (before.revokedAt) throw conflict('This token is already revoked.');
  await grant.review(tx, { before, after: null });
  const after = await rowsOf(tx).update('ApiToken', id, { revokedAt: new Date() });
  record(tx, grant, {
    before: await withOwner(tx, before),
    after: await withOwner(tx, after),
    tenant: await tenantRef(tx, after.tenantId),
    verb: 'revoke',
  });
  return after;
}

/**
 * Revokes the valid tokens of an account that becomes a super admin, except those that it created: the creators of
 * the others would gain its permissions.
 * @param kept IDs of tokens to keep.
 * @returns all of its valid tokens, in their new state.
 */
export async function revokeOfOthers(
  tx: Tx,
  grant: Grant,
  principalId: string,
  kept: readonly string[],
): Promise<ApiToken[]> {
  const now = new Date();
  const valid = await tx.apiToken.findMany({
    where: { principalId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
    orderBy: { id: 'asc' },
  });
  const unknown = kept.find((id) => !valid.some((token) => token.id === id));
  if (unknown !== undefined) throw notFound('A token to keep');
  const tokens: ApiToken[] = [];
  for (const before of valid) {
    if (before.mintedById === principalId || kept.includes(before.id)) {
      tokens.push(before);
      continue;
    }
    const after = await rowsOf(tx).update('ApiToken', before.id, { revokedAt: now });
    tokens.push(after);
    record(tx, grant, {
      resource: 'API_TOKEN',
      before: await withOwner(tx, before),
      after: await withOwner(tx, after),
      tenant: await tenantRef(tx, after.tenantId),
      verb: 'revoke',
    });
  }
  return tokens;
}

/** Deletes the tokens of a deleted owner. */
export async function revokeAll(tx: Tx, grant: Grant, principalId: string): Promise<void> {
  for (const token of await tx.apiToken.findMany({ where: { principalId } })) {
    record(tx, grant, {
      resource: 'API_TOKEN',
      before: await withOwner(tx, token),
      after: null,
      tenant: await tenantRef(tx, token.tenantId),
    });
  }
  await tx.apiToken.deleteMany({ where: { principalId } });
}
