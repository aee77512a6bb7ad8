import type { Grant } from '../../../access/grant.ts';
import { record } from '../../../audit/record.ts';
import type { Keys } from '../../../auth/keys.ts';
import { newToken, tokenHash, tokenPrefix } from '../../../auth/token.ts';
import type { ApiToken } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, GatehouseError, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { type Ceiling, meet } from '../../../policy/principals/ceiling.ts';
import { loadPrincipal } from '../../../policy/principals/principal.ts';
import { find } from '../../../policy/session/find.ts';
import { assertMayHandOn, giftOfBinding } from '../handing-on.ts';
import { subjectName } from '../subject.ts';
import { ceilingFor, stored } from './ceiling.ts';

/** The greatest age of an extended token where none is asked for: a year, or twice its max age. */
const yearSeconds = 365 * 86_400;

export interface NewToken {
  readonly name: string;
  readonly description?: string | null | undefined;
  /** Seconds until it expires; absent: never. */
  readonly maxAge?: number | null | undefined;
  /** Each use pushes the expiry to that moment plus maxAge. */
  readonly extended?: boolean | null | undefined;
  /** Seconds after which an extended token ends, however much it is used. */
  readonly maxLifetime?: number | null | undefined;
  /** What the token may do at most; absent: see `ceilingFor`. */
  readonly ceiling?: Ceiling | null | undefined;
}

/** The one moment in which the whole token exists in clear. */
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

/** Who has somebody's token or password acts as them: to make one takes all that they hold. One's own is always one's own. */
export async function assertMayActAs(tx: Tx, grant: Grant, ownerId: string): Promise<void> {
  if (ownerId === grant.doer.id) return;
  const owner = await loadPrincipal(tx, ownerId);
  if (!owner) throw notFound('The owner');
  if (owner.superAdmin && !grant.isSuperAdmin) {
    throw new GatehouseError('FORBIDDEN', 'Only a super admin makes credentials of a super admin.', {
      decisionId: grant.decisionId,
      policy: 'handing-on',
    });
  }
  assertMayHandOn(
    grant,
    owner.holdings.map((holding) => giftOfBinding(grant, holding)),
  );
}

/** Who signed in by a token mints none that outlives it. */
function assertNotOutlived(grant: Grant, end: Date | null): void {
  const { kind, expiresAt } = grant.credential;
  if (kind !== 'api-token' || !expiresAt) return;
  if (end === null || end > expiresAt) {
    throw new GatehouseError(
      'FORBIDDEN',
      `A token minted with a token ends with it, at ${expiresAt.toISOString()}, at the latest.`,
      {
        decisionId: grant.decisionId,
        policy: 'handing-on',
      },
    );
  }
}

function lifetime({ maxAge = null, extended, maxLifetime }: NewToken, now: Date) {
  if (maxAge !== null && maxAge <= 0) throw badInput(['input', 'maxAge'], 'A token lives for at least a second.');
  if (extended && maxAge === null)
    throw badInput(['input', 'extended'], 'A token that never expires cannot be extended.');
  if (maxLifetime != null && !extended)
    throw badInput(['input', 'maxLifetime'], 'Only an extended token has a greatest age.');
  const greatest = extended ? (maxLifetime ?? Math.max(yearSeconds, 2 * maxAge!)) : null;
  if (greatest !== null && greatest <= maxAge!)
    throw badInput(['input', 'maxLifetime'], 'The greatest age is above the max age: else no use extends the token.');
  const after = (seconds: number | null) => (seconds === null ? null : new Date(now.getTime() + seconds * 1_000));
  return {
    maxAgeSeconds: maxAge,
    extended: extended ?? false,
    expiresAt: after(maxAge),
    maxExpiresAt: after(greatest),
  };
}

/** Whose a token is that the doer makes for themselves: by a token that another made for them, it is of that one still. */
async function minterOf(tx: Tx, { doer, credential }: Grant, ownerId: string): Promise<string | null> {
  if (ownerId !== doer.id || credential.kind !== 'api-token') return doer.id;
  const by = await tx.apiToken.findFirst({ where: { id: credential.id! }, select: { mintedById: true } });
  return by?.mintedById ?? null;
}

/** Policies see the kind of the owner beside the row. */
async function reviewNew(tx: Tx, grant: Grant, after: Partial<ApiToken> & { principalId: string }): Promise<void> {
  const owner = await tx.principal.findUnique({ where: { id: after.principalId }, select: { kind: true } });
  await grant.review(tx, { before: null, after: { ...after, ownerKind: owner?.kind } });
}

/**
 * How many valid tokens an owner may make for themselves. What others make for them is not counted against it.
 * @param besides a token that is about to end.
 * @throws LIMIT_EXCEEDED.
 */
export async function assertRoom(
  tx: Tx,
  { doer }: Grant,
  ownerId: string,
  greatest: number,
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
  if (valid < greatest) return;
  throw new GatehouseError(
    'LIMIT_EXCEEDED',
    `You have ${greatest} valid tokens, which is the limit: revoke those that you do not use.`,
    { limit: 'tokens', allowed: greatest },
  );
}

/** Makes a token of a user or service account. The whole token is in the answer, and nowhere else ever after. */
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

/** Makes a new token in the place of one that is still valid; the old one works for the overlap (seconds). */
export async function rotateApiToken(
  tx: Tx,
  grant: Grant<'API_TOKEN:UPDATE'>,
  keys: Keys,
  id: string,
  overlap: number,
): Promise<Minted & { previous: ApiToken }> {
  const before = await find<ApiToken>(tx, grant, 'API_TOKEN', id);
  const now = new Date();
  if (before.revokedAt || (before.expiresAt && before.expiresAt <= now))
    throw conflict('This token is not valid any more: create a new one.');
  await assertMayActAs(tx, grant, before.principalId);
  const end = new Date(now.getTime() + overlap * 1_000);
  const expiresAt = before.expiresAt && before.expiresAt < end ? before.expiresAt : end;
  // It is not prolonged again: its end is now absolute.
  const data = { expiresAt, extended: false, maxExpiresAt: null };
  await grant.review(tx, { before, after: { ...before, ...data } });
  const maxLifetime = before.maxExpiresAt
    ? Math.round((before.maxExpiresAt.getTime() - before.createdAt.getTime()) / 1_000)
    : null;
  // One whose greatest age is its max age, as was possible once, was never extended: neither is the new one.
  const extended = before.extended && (maxLifetime === null || maxLifetime > before.maxAgeSeconds!);
  const maxAge = before.maxAgeSeconds;
  const life = lifetime({ name: before.name, maxAge, extended, ...(extended && { maxLifetime }) }, now);
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
  // Who rotates it holds the new one in clear: it allows no more than the old one, and no more than they could make.
  const own = ceilingFor(grant, { id: before.principalId, tenantId: before.tenantId }, null);
  const former = before.ceiling as unknown as Ceiling | null;
  const ceiling = own && former ? meet(own, former) : (own ?? former);
  const previous = await tx.apiToken.update({ where: { id }, data });
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
  if (before.revokedAt) throw conflict('This token is revoked already.');
  await grant.review(tx, { before, after: null });
  const after = await tx.apiToken.update({ where: { id }, data: { revokedAt: new Date() } });
  record(tx, grant, {
    before: await withOwner(tx, before),
    after: await withOwner(tx, after),
    tenant: await tenantRef(tx, after.tenantId),
    verb: 'revoke',
  });
  return after;
}

/**
 * Revokes the valid tokens of an account that becomes a super admin, but for those that it made itself: who made the
 * others would rise with it.
 * @param kept ids of tokens that stay on purpose.
 * @returns all of its valid tokens, as they are afterwards.
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
    const after = await tx.apiToken.update({ where: { id: before.id }, data: { revokedAt: now } });
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

/** The tokens of an owner who goes. */
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
