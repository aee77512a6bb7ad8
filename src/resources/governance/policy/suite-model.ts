import { isIP } from 'node:net';
import { z } from 'zod';
import { isPermission, type Permission } from '../../../access/catalog.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { displayName, username } from '../../rules.ts';
import { permissions, tenantInFile } from '../description/model.ts';

const instant = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 date and time, such as 2026-06-01T12:00:00Z' })
  .transform((text) => new Date(text));
const row = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const credential = z.union(
  [
    z.strictObject({ kind: z.literal('password') }),
    z.strictObject({
      kind: z.literal('api-token'),
      createdAt: instant.optional(),
      expiresAt: instant.nullish(),
      lastUsedAt: instant.nullish(),
    }),
    z.strictObject({
      kind: z.literal('workload'),
      issuer: z.string().optional(),
      subject: z.string().optional(),
      createdAt: instant.optional(),
      expiresAt: instant.optional(),
    }),
    z.strictObject({
      kind: z.literal('session'),
      /** How the person signed in; with `oidc`, the name of the provider. */
      method: z.enum(['password', 'passkey', 'oidc']).optional(),
      provider: z.string().optional(),
      /** When the person signed in. */
      createdAt: instant.optional(),
      expiresAt: instant.optional(),
      lastUsedAt: instant.optional(),
      /** When the person last proved who they are, and the second factor that they gave. */
      provedAt: instant.optional(),
      secondFactor: z.enum(['totp', 'recovery-code', 'passkey']).nullish(),
      secondFactorAt: instant.nullish(),
    }),
  ],
  {
    error:
      'must be { kind: password }, or { kind: api-token or session, createdAt, expiresAt, lastUsedAt }, a session also with method, provider, provedAt, secondFactor and secondFactorAt, or { kind: workload, issuer, subject, createdAt, expiresAt }',
  },
);

const answers = ['ALLOW', 'REFUSE', 'ERROR', 'DEPENDS'] as const;
export type ExpectedAnswer = (typeof answers)[number];
const expected = z.union(
  [
    z.enum(answers).transform((answer) => ({ answer })),
    z.strictObject({
      answer: z.enum(answers),
      /** Policy that refuses or fails. */
      policy: z.string().optional(),
      /** Part of the reason. */
      reason: z.string().min(1).optional(),
    }),
  ],
  { error: 'must be ALLOW, REFUSE, ERROR or DEPENDS, or { answer, policy, reason }' },
);

const testCase = z
  .strictObject({
    name: z.string().min(1).optional(),
    /** A user name, or service-account:NAME. */
    as: z.string().min(1),
    permission: z.custom<Permission>((text) => typeof text === 'string' && isPermission(text), 'is not a permission'),
    /** Key of the tenant. Omit for the instance level. */
    tenant: z.string().optional(),
    namespace: namespaceName.optional(),
    /** Other known columns of the row. */
    row: row.optional(),
    /** For a change: the row before and after it, for the reviews of policies. */
    before: row.nullish(),
    after: row.nullish(),
    /** If omitted, unknown: the answer is DEPENDS if a policy uses it. */
    ip: z
      .string()
      .refine((text) => isIP(text) > 0, 'is not an IP address')
      .optional(),
    now: instant.optional(),
    /** Defaults to a password for users and a new token for service accounts. */
    credential: credential.optional(),
    /** If omitted, the request has no reason. */
    reason: z.string().optional(),
    expect: expected,
  })
  .refine(({ namespace, tenant }) => namespace === undefined || tenant !== undefined, {
    path: ['namespace'],
    error: 'A namespace requires a tenant. Set tenant.',
  });
export type SuiteCase = z.infer<typeof testCase>;

const instance = z.strictObject({
  roles: z.array(z.strictObject({ name: displayName, permissions })).default([]),
  bindings: z
    .array(
      z
        .strictObject({ user: z.string().optional(), serviceAccount: z.string().optional(), role: z.string() })
        .refine(({ user, serviceAccount }) => (user === undefined) !== (serviceAccount === undefined), {
          error: 'An instance binding requires a user or a service account.',
        }),
    )
    .default([]),
});

/** Tests of policies: an organisation in the format of a description, settings of policies, and cases. */
export const suiteFile = z.strictObject({
  /** Clock of the cases without one. */
  now: instant,
  tenants: z.array(tenantInFile).default([]),
  instance: instance.prefault({}),
  superAdmins: z.array(username).default([]),
  disabled: z.array(username).default([]),
  /** Settings of policies that replace those of the configuration. */
  policies: z
    .record(z.string(), z.looseObject({ enabled: z.boolean().default(true), shadow: z.boolean().default(false) }))
    .optional(),
  cases: z.array(testCase).min(1, 'The suite has no cases. Add one.'),
});
export type Suite = z.infer<typeof suiteFile>;
