import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import { maxLifetimeSeconds } from '../../../auth/workload/jwt.ts';
import type { ServiceAccount, WorkloadTrust } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { ceilingFor, stored } from '../api-token/ceiling.ts';
import { assertMayActAs } from '../api-token/service.ts';
import { assertLasting } from '../handing-on.ts';

/** The tokens that a trust covers. */
export interface Covered {
  readonly issuer: string;
  readonly audience: string;
  /** Exact, or with `*` in its parts. */
  readonly subject: string;
}

export const maxTrusts = 50;
const audited = ['trusts'];

/** An account with its trusts, as events show them: a part of the account. */
async function withTrusts(tx: Tx, account: ServiceAccount) {
  const rows = await tx.workloadTrust.findMany({ where: { serviceAccountId: account.id }, orderBy: { id: 'asc' } });
  return { ...account, trusts: rows.map(({ issuer, audience, subject }) => ({ issuer, audience, subject })) };
}

/** What policies review: a credential of the account, which expires with the token of the workload. */
const reviewed = (account: ServiceAccount, { issuer, subject }: Covered) => ({
  id: newId(),
  principalId: account.id,
  tenantId: account.tenantId,
  name: `${issuer} ${subject}`,
  description: null,
  createdAt: new Date(),
  expiresAt: new Date(Date.now() + maxLifetimeSeconds * 1_000),
  maxExpiresAt: null,
  revokedAt: null,
  ownerKind: 'SERVICE_ACCOUNT',
});

async function accountOf(tx: Tx, id: string): Promise<ServiceAccount> {
  const [account] = await tx.$queryRaw<ServiceAccount[]>`SELECT * FROM "ServiceAccount" WHERE id = ${id} FOR UPDATE`;
  if (!account) throw notFound('The object');
  return account;
}

/** Lets tokens of an issuer sign in as the account. It is like creating a token: the caller needs all that it grants. */
export async function addTrust(
  tx: Tx,
  grant: Grant<'API_TOKEN:CREATE'>,
  tenant: TenantRef | null,
  accountId: string,
  covered: Covered,
): Promise<WorkloadTrust> {
  const { issuer, audience, subject } = covered;
  const account = await accountOf(tx, accountId);
  await grant.review(tx, { before: null, after: reviewed(account, covered) });
  assertLasting(grant, 'trust an issuer');
  await assertMayActAs(tx, grant, accountId);
  const ceiling = ceilingFor(grant, { id: accountId, tenantId: account.tenantId }, null);
  const taken = await tx.workloadTrust.findFirst({ where: { issuer, audience }, orderBy: { id: 'asc' } });
  // A token with this audience signs in as one account only.
  if (taken && taken.serviceAccountId !== accountId)
    throw conflict('This audience of the issuer is already in use. Choose another audience.');
  const present = await tx.workloadTrust.findMany({ where: { serviceAccountId: accountId } });
  if (present.some((one) => one.issuer === issuer && one.audience === audience && one.subject === subject))
    throw conflict('The service account already trusts this issuer, audience and subject.');
  if (present.length >= maxTrusts) throw conflict(`A service account can have at most ${maxTrusts} trusts.`);
  const before = await withTrusts(tx, account);
  const data = { id: newId(), serviceAccountId: accountId, issuer, audience, subject, ceiling: stored(ceiling) };
  const row = await tx.workloadTrust.create({ data });
  const after = await withTrusts(tx, account);
  record(tx, grant, { resource: 'SERVICE_ACCOUNT', before, after, tenant, audited, verb: 'add-trust' });
  return row;
}

/** Ends a trust. Streams of its tokens end within two seconds. */
export async function removeTrust(
  tx: Tx,
  grant: Grant<'API_TOKEN:DELETE'>,
  tenant: TenantRef | null,
  accountId: string,
  covered: Covered,
): Promise<ServiceAccount> {
  const { issuer, audience, subject } = covered;
  const account = await accountOf(tx, accountId);
  await grant.review(tx, { before: reviewed(account, covered), after: null });
  const row = await tx.workloadTrust.findFirst({ where: { serviceAccountId: accountId, issuer, audience, subject } });
  if (!row) throw notFound('The trust');
  const before = await withTrusts(tx, account);
  await tx.workloadTrust.delete({ where: { id: row.id } });
  const after = await withTrusts(tx, account);
  record(tx, grant, { resource: 'SERVICE_ACCOUNT', before, after, tenant, audited, verb: 'remove-trust' });
  return account;
}

/** Ends all trusts of an account, as a part of another change, which was decided and reviewed already. */
export async function removeTrusts(
  tx: Tx,
  grant: Grant,
  tenant: TenantRef | null,
  account: ServiceAccount,
): Promise<void> {
  const before = await withTrusts(tx, account);
  if (before.trusts.length === 0) return;
  await tx.workloadTrust.deleteMany({ where: { serviceAccountId: account.id } });
  const after = { ...before, trusts: [] };
  record(tx, grant, { resource: 'SERVICE_ACCOUNT', before, after, tenant, audited, verb: 'remove-trust' });
}
