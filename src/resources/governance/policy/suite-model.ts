import { isIP } from 'node:net';
import { z } from 'zod';
import { isPermission, type Permission } from '../../../access/catalog.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { displayName, username } from '../../rules.ts';
import { permissions, tenantInFile } from '../description/model.ts';

const instant = z.iso
  .datetime({ offset: true, error: 'is no instant such as 2026-06-01T12:00:00Z' })
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
  ],
  { error: 'is { kind: password } or { kind: api-token, createdAt, expiresAt, lastUsedAt }' },
);

const answers = ['ALLOW', 'REFUSE', 'ERROR', 'DEPENDS'] as const;
export type ExpectedAnswer = (typeof answers)[number];
const expected = z.union(
  [
    z.enum(answers).transform((answer) => ({ answer })),
    z.strictObject({
      answer: z.enum(answers),
      /** Who refuses or could not say. */
      policy: z.string().optional(),
      /** A part of the reason. */
      reason: z.string().min(1).optional(),
    }),
  ],
  { error: 'is ALLOW, REFUSE, ERROR or DEPENDS, or { answer, policy, reason }' },
);

const testCase = z
  .strictObject({
    name: z.string().min(1).optional(),
    /** A user name, or service-account:NAME. */
    as: z.string().min(1),
    permission: z.custom<Permission>((text) => typeof text === 'string' && isPermission(text), 'is no permission'),
    /** Key of the tenant; left out: at the instance level. */
    tenant: z.string().optional(),
    namespace: namespaceName.optional(),
    /** What else is known of the row. */
    row: row.optional(),
    /** Of a change: the row before and after it, which the reviews of policies see. */
    before: row.nullish(),
    after: row.nullish(),
    /** Left out: not known, and who looks at it makes the answer DEPENDS. */
    ip: z
      .string()
      .refine((text) => isIP(text) > 0, 'is no address')
      .optional(),
    now: instant.optional(),
    /** Left out: a password for users, a token made just now for service accounts. */
    credential: credential.optional(),
    /** Left out: the request gives none. */
    reason: z.string().optional(),
    expect: expected,
  })
  .refine(({ namespace, tenant }) => namespace === undefined || tenant !== undefined, {
    path: ['namespace'],
    error: 'A namespace is in a tenant: say in which.',
  });
export type SuiteCase = z.infer<typeof testCase>;

const instance = z.strictObject({
  roles: z.array(z.strictObject({ name: displayName, permissions })).default([]),
  bindings: z
    .array(
      z
        .strictObject({ user: z.string().optional(), serviceAccount: z.string().optional(), role: z.string() })
        .refine(({ user, serviceAccount }) => (user === undefined) !== (serviceAccount === undefined), {
          error: 'An instance binding names a user or a service account.',
        }),
    )
    .default([]),
});

/** Tests of policies: an organisation in the words of a description, settings of policies, and cases. */
export const suiteFile = z.strictObject({
  /** The clock of the cases that have none of their own. */
  now: instant,
  tenants: z.array(tenantInFile).default([]),
  instance: instance.prefault({}),
  superAdmins: z.array(username).default([]),
  disabled: z.array(username).default([]),
  /** Settings of policies, in place of those of the configuration. */
  policies: z
    .record(z.string(), z.looseObject({ enabled: z.boolean().default(true), shadow: z.boolean().default(false) }))
    .optional(),
  cases: z.array(testCase).min(1, 'There is no case.'),
});
export type Suite = z.infer<typeof suiteFile>;
