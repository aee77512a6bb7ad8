import type { Doer, Origin } from '../../../access/grant.ts';
import type { Keys } from '../../../auth/keys.ts';
import { InvalidLogoutToken, type LogoutToken } from '../../../auth/oidc/logout-token.ts';
import type { ProviderSettings } from '../../../config.ts';
import { keyedHash } from '../../../lib/keyed-hash.ts';
import { ending, endNoted, type Noted, type SessionServices } from '../session/sign-in.ts';
import { useOnce } from './single-use.ts';

/** A token is refused for its age before its mark is deleted. */
const markMs = 30 * 60_000;

const usedToken = ({ signIn }: Keys, issuer: string, { jti }: LogoutToken): string =>
  keyedHash(signIn, 'logout-token', issuer, jti);

/**
 * Ends the sessions that a logout token names: that of the provider's session, or all of the person.
 * @throws {InvalidLogoutToken} if the token was used before.
 */
export async function endByProvider(
  services: Pick<SessionServices, 'store' | 'freshness' | 'keys'>,
  { name, issuer }: ProviderSettings,
  token: LogoutToken,
  from: Origin,
): Promise<void> {
  const doer: Doer = {
    kind: 'SYSTEM',
    id: 'system',
    name: 'system',
    reason: `signed out by the provider ${name}`,
    ...from,
  };
  await ending(services, `provider ${name}`, async (tx) => {
    if (!(await useOnce(tx, usedToken(services.keys, issuer, token), new Date(Date.now() + markMs))))
      throw new InvalidLogoutToken('The logout token was used before.');
    const { sub = null, sid = null } = token;
    // A session without a sid began before the provider sent any: it ends with its person.
    const sessions = await tx.$queryRaw<Noted[]>`
      SELECT s.id, u.username AS owner FROM "Session" s
      JOIN "User" u ON u.id = s."principalId" LEFT JOIN "UserIdentity" i ON i.id = s."identityId"
      WHERE s.provider = ${name} AND (
        ${sub}::text IS NULL AND s.sid = ${sid}::text
        OR i.issuer = ${issuer} AND i.subject = ${sub}::text
          AND (${sid}::text IS NULL OR s.sid IS NULL OR s.sid = ${sid}::text))
      ORDER BY s.id FOR UPDATE OF s`;
    await endNoted(tx, doer, sessions, 'PROVIDER_SIGN_OUT', { method: 'OIDC', provider: name });
  });
}
