import { z } from 'zod';
import { signInSettings } from './config-sign-in.ts';
import type { Issue } from './errors.ts';
import { readTextFile } from './lib/text-file.ts';
import { issuesOf, readYaml } from './lib/yaml.ts';

/** Settings of one policy: `enabled` and `shadow` belong to the engine, the rest to the policy itself. */
const policySettings = z.looseObject({ enabled: z.boolean().default(true), shadow: z.boolean().default(false) });
export type PolicySettings = z.infer<typeof policySettings>;

/** Configuration of policies: first in the configuration file, then in the database, for all gateways. */
export const policyConfiguration = z.strictObject({
  policies: z.record(z.string(), policySettings).default({}),
  /** Names of the grant plugins that can grant permissions. */
  mayGrant: z.array(z.string()).default([]),
});

export interface PolicyConfiguration {
  readonly policies: Readonly<Record<string, PolicySettings>>;
  readonly mayGrant: readonly string[];
  /** Place of a setting in a file: its path and line. */
  readonly placeOf?: ((path: readonly PropertyKey[]) => string) | undefined;
}

const limits = z.strictObject({
  /** Max bytes of a request body. */
  bodyBytes: z.int().positive().default(1_048_576),
  /** Max bytes of a WebSocket message. */
  socketMessageBytes: z.int().positive().default(65_536),
  tokens: z.int().positive().default(2_000),
  depth: z.int().positive().default(12),
  aliases: z.int().positive().default(30),
  directives: z.int().positive().default(30),
  cost: z.int().positive().default(50_000),
  pageSize: z.int().positive().max(1_000).default(100),
  /** Milliseconds until a request times out and its SQL is cancelled. */
  requestMs: z.int().positive().default(15_000),
  /** The same for applyDescription, which writes a whole tenant. */
  bulkMs: z.int().positive().default(120_000),
  /** Milliseconds until the review of a policy times out. */
  reviewMs: z.int().positive().default(1_000),
  /** Connections for requests. A dry run needs two: one reads the current state, one the planned state. */
  poolSize: z.int().min(2).default(10),
  /** Milliseconds to wait for a connection before responding with 503. */
  poolWaitMs: z.int().positive().default(1_500),
  /** Milliseconds without an event until a feed sends a bookmark. */
  bookmarkMs: z.int().positive().default(10_000),
  /** Max WebSockets of one account, and separately max streams over SSE. */
  socketsPerPrincipal: z.int().positive().default(50),
  /** Max WebSockets of one address (for IPv6: one /64) that have not signed in yet. */
  socketsPerAddress: z.int().positive().default(200),
  /** Max valid API tokens that an account can create for itself. */
  ownTokens: z.int().positive().default(100),
  /** Max lifetime in days of an API token of a user, and its lifetime if none is given. Omit for no limit. */
  userTokenDays: z.int().positive().max(36_500).optional(),
  /** Max invitations that one inviter can mail in an hour. */
  invitationsPerHour: z.int().positive().default(100),
  /** Max sessions of a user. A further sign-in ends the one that was not used for the longest time. */
  sessionsPerUser: z.int().positive().default(100),
  passwordLength: z.int().min(8).default(15),
});
export type Limits = z.infer<typeof limits>;

const decisionLog = z.strictObject({
  /** Fraction of allowed reads to record (0 to 1). Refusals and mutations are always recorded. */
  sampleReads: z.number().min(0).max(1).default(0.01),
  keepDays: z.int().positive().default(30),
});

const liveness = z
  .strictObject({
    /** True if this gateway evicts silent services. Of several such gateways, one is active. */
    enabled: z.boolean().default(true),
    /** Milliseconds between two rounds of checks. */
    intervalMs: z.int().min(50).default(5_000),
    /** Interval at which services must report. */
    heartbeatMs: z.int().positive().default(3_000),
    /** After this time without a heartbeat, a service is DISCONNECTED. A service's own timeout takes precedence. */
    timeoutMs: z.int().positive().default(45_000),
    /** Grace period after registration. */
    initialDelayMs: z.int().min(0).default(45_000),
    /** After this time in DISCONNECTED or TERMINATING, a service is NOT_RUNNING. */
    terminationGraceMs: z.int().min(0).default(300_000),
    /** Days to keep the row of an ended service. */
    purgeDays: z.number().min(0).default(7),
    /** When the work of a service is released to others. */
    restartStrategy: z
      .enum(['AFTER_TERMINATION_GRACE_PERIOD', 'IMMEDIATELY', 'NEVER'])
      .default('AFTER_TERMINATION_GRACE_PERIOD'),
    /** Max time by which the clock of a service can be ahead. */
    skewMs: z.int().min(0).default(60_000),
  })
  .refine(({ heartbeatMs, timeoutMs }) => heartbeatMs < timeoutMs, {
    path: ['heartbeatMs'],
    error: 'must be less than timeoutMs',
  });
export type Liveness = z.infer<typeof liveness>;

const commands = z.strictObject({
  /** Time after which a command without acknowledgement is delivered again. */
  repeatAfterSeconds: z.int().positive().default(60),
});

/** Names of secrets that a backend of the orchestrator holds. Gatehouse never reads their values. */
const externalSecret = z.strictObject({
  /** Name of the backend, such as vault. */
  backend: z.string().min(1).max(100),
  /** Key of the tenant. */
  tenant: z.string().min(1),
  namespace: z.string().min(1),
  keys: z.array(z.string().min(1).max(256)).min(1).max(10_000),
});
export type ExternalSecrets = z.infer<typeof externalSecret>;

const rateLimitRule = z.strictObject({
  /** `address`: of IPv6, one /64. A rule by principal does not count callers who are not signed in. */
  by: z.enum(['principal', 'address']),
  operations: z
    .array(z.enum(['query', 'mutation', 'subscription']))
    .min(1)
    .default(['query', 'mutation', 'subscription']),
  max: z.int().positive(),
  perSeconds: z.int().min(1).max(3_600),
});
export type RateLimitRule = z.infer<typeof rateLimitRule>;

const rateLimits = z.strictObject({
  /** Where operations are counted. `memory`: on each gateway. */
  store: z.enum(['memory', 'redis', 'database']).default('memory'),
  rules: z
    .array(rateLimitRule)
    .max(20)
    .default([])
    .refine(
      (all) =>
        new Set(all.map((one) => `${one.by} ${one.operations.toSorted()} ${one.perSeconds}`)).size === all.length,
      'must not limit the same operations in the same time twice',
    ),
});
export type RateLimits = z.infer<typeof rateLimits>;

const retention = z.strictObject({
  /** Max age of ended executions, by start, and of logs of triggers. Older ones are deleted. Omit to keep all. */
  executionDays: z.int().positive().optional(),
  /** Max age of audit events. Older ones are pruned and replaced by a signed tombstone. Omit to keep all. */
  auditDays: z.int().positive().optional(),
});

const shipName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must have a-z, 0-9 and hyphens, at most 63 characters');
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });
/** Name of an environment variable with a secret: the file can be readable by others. */
const variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'must be the name of an environment variable');
const shipCommon = {
  name: shipName,
  /** Keys of tenants. Omit for all tenants and the instance. */
  tenants: z.array(z.string().min(1)).min(1).optional(),
  /** Start of a new destination: the oldest kept event, or the next one. */
  begin: z.enum(['oldest', 'now']).default('oldest'),
  batch: z.int().min(1).max(1_000).default(200),
};
const destination = z.discriminatedUnion('to', [
  z.strictObject({ ...shipCommon, to: z.literal('file'), path: z.string().min(1) }),
  z.strictObject({ ...shipCommon, to: z.literal('webhook'), url: httpUrl, secretFrom: variable }),
  z.strictObject({ ...shipCommon, to: z.literal('otlp'), url: httpUrl, authorizationFrom: variable.optional() }),
]);
/** A destination with the values of its environment variables. */
export type Destination = z.infer<typeof destination> & { readonly secret?: string };

const audit = z.strictObject({
  /** Minutes between two signed checkpoints of each chain with new events. */
  checkpointMinutes: z.number().positive().default(60),
  /** Additional destinations of events. */
  ship: z
    .array(destination)
    .default([])
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have unique names'),
});

const file = z.strictObject({
  ...policyConfiguration.shape,
  /** Folders with external policies, in addition to plugins/. */
  policyFolders: z.array(z.string()).default([]),
  /** Folder of files in settings of policies. Defaults to the folder of this file. */
  policyFiles: z.string().min(1).optional(),
  limits: limits.prefault({}),
  decisionLog: decisionLog.prefault({}),
  liveness: liveness.prefault({}),
  commands: commands.prefault({}),
  rateLimits: rateLimits.prefault({}),
  retention: retention.prefault({}),
  externalSecrets: z.array(externalSecret).max(1_000).default([]),
  audit: audit.prefault({}),
  signIn: signInSettings(variable).prefault({}),
});
export type FileSettings = z.infer<typeof file>;

/** Sections of a file with faults: each is parsed separately, so that the faults of all sections are reported. */
function sectionsOf(value: unknown): FileSettings {
  const sound = Object.entries(value ?? {}).filter(
    ([name, section]) => Object.hasOwn(file.shape, name) && file.safeParse({ [name]: section }).success,
  );
  return file.parse(Object.fromEntries(sound));
}

export interface ReadFile {
  readonly settings: FileSettings;
  readonly placeOf?: PolicyConfiguration['placeOf'];
  readonly faults: readonly string[];
}

/** Reads the configuration file. Of a file with faults, it reads the valid sections. */
export function readFile(path: string | undefined): ReadFile {
  const none = { settings: file.parse({}), faults: [] };
  if (path === undefined || path === '') return none;
  const faultText = ({ line, path: at, message }: Issue) =>
    `${path}:${line}: ${at.join('.')} ${message}`.replace(':  ', ': ');
  try {
    const read = readYaml(readTextFile(path));
    if ('issues' in read) return { ...none, faults: read.issues.map(faultText) };
    const placeOf = (at: readonly PropertyKey[]) => `${path}:${read.lineOf(at)}`;
    const result = file.safeParse(read.value ?? {});
    if (result.success) return { settings: result.data, placeOf, faults: [] };
    return { settings: sectionsOf(read.value), placeOf, faults: issuesOf(result.error, read.lineOf).map(faultText) };
  } catch (error) {
    return { ...none, faults: [`${path}: ${(error as Error).message}`] };
  }
}
