import { z } from 'zod';

/** A logout token says that a person or a session ended at the provider (OpenID Connect Back-Channel Logout 1.0). */
export interface LogoutToken {
  readonly jti: string;
  readonly sub: string | undefined;
  readonly sid: string | undefined;
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const text = z.string().min(1).max(255);
const claims = z.looseObject({
  jti: text,
  sub: text.optional(),
  sid: text.optional(),
  events: z.looseObject({ [logoutEvent]: z.looseObject({}) }),
});

/** A logout token that does not count. Its message goes to the provider. */
export class InvalidLogoutToken extends Error {}

/** Checks the content of a token whose signature, issuer, audience and time are right. @throws {InvalidLogoutToken} */
export function logoutTokenOf(payload: Readonly<Record<string, unknown>>): LogoutToken {
  // An ID token has a nonce. Without this rule, an ID token could sign its owner out.
  if (payload['nonce'] !== undefined) throw new InvalidLogoutToken('A logout token cannot have a nonce.');
  const { success, data, error } = claims.safeParse(payload);
  if (!success) throw new InvalidLogoutToken(`The logout token has no valid ${error.issues[0]!.path.join('.')}.`);
  const { jti, sub, sid } = data;
  if (sub === undefined && sid === undefined) throw new InvalidLogoutToken('The logout token has neither sub nor sid.');
  return { jti, sub, sid };
}
