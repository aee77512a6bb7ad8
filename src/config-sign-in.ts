import { z } from 'zod';

const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d+){3}|\[::1\])$/i;

/** A provider on a loopback host can use HTTP, for development. */
const issuer = z.url({ protocol: /^https?$/, error: 'must be an https:// URL' }).refine(
  (text) => {
    const url = URL.parse(text);
    return url !== null && url.search === '' && url.hash === '' && (url.protocol === 'https:' || isLoopback(url));
  },
  { error: 'must be an https:// URL without a query (http:// on a loopback host only)' },
);
/** True for a URL of this machine. */
export const isLoopback = ({ hostname }: URL): boolean => loopback.test(hostname);

/** Signatures with a public key. HMAC would let each holder of the client secret sign for the provider. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must have a-z, 0-9 and hyphens, at most 63 characters');
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope without spaces');
/** `realm_access.roles`, or a list for names that contain a dot. */
const claim = z
  .union([
    z
      .string()
      .min(1)
      .transform((text) => text.split('.')),
    z.array(z.string().min(1)).min(1),
  ])
  .refine((path) => path.every((part) => part !== ''), 'must be names separated by dots, or a list of names');

const groupRule = z.strictObject({
  /** Path of the claim with the groups of a person: a list of texts, or one text. */
  claim,
  /** The group, as the provider names it. */
  value: z.string().min(1).max(500),
  /** Key of the tenant. Members of the group get access to it. */
  tenant: z.string().min(1),
  /** Name of the group in the tenant. */
  group: z.string().min(1),
});
export type GroupRule = z.infer<typeof groupRule>;

/** @param variable a schema for the name of an environment variable. */
const provider = (variable: z.ZodType<string, string>) =>
  z
    .strictObject({
      /** Part of its URLs, and of the audit log. */
      name,
      /** Shown on the sign-in page. Defaults to the name. */
      title: z.string().trim().min(1).max(100).optional(),
      issuer,
      clientId: z.string().min(1),
      /** Omit for a public client, which proves itself by PKCE only. */
      clientSecretFrom: variable.optional(),
      scopes: z
        .array(scope)
        .default(['openid', 'profile', 'email'])
        .refine((all) => all.includes('openid'), 'must include openid'),
      algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
      /** True to create an unknown person as a user, without permissions, at the first sign-in. */
      createUsers: z.boolean().default(false),
      /** True to refuse a sign-in whose groups are missing or incomplete. False keeps the groups of the last sign-in. */
      strict: z.boolean().default(false),
      /** Compare the groups of sessions that go on at least this often, by refresh tokens. Omit to compare at sign-ins only. */
      refreshMinutes: z.int().min(1).max(1_440).optional(),
      groups: z.array(groupRule).max(2_000).default([]),
    })
    .transform(({ title, ...rest }) => ({ ...rest, title: title ?? rest.name }));

export const signInSettings = (variable: z.ZodType<string, string>) =>
  z.strictObject({
    providers: z
      .array(provider(variable))
      .max(50)
      .default([])
      .refine((all) => new Set(all.map((one) => one.name)).size === all.length, 'must have unique names'),
    /** Issuers of tokens that a service account can trust. The gateway requests keys from no other. */
    workloadIssuers: z.array(issuer).max(100).default([]),
    /** Max milliseconds for one answer of a provider. */
    providerMs: z.int().min(10).max(10_000).default(5_000),
  });

/** A provider with the value of its environment variable. */
export type ProviderSettings = z.infer<ReturnType<typeof provider>> & { readonly clientSecret?: string };
