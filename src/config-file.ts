import { z } from 'zod';
import type { Issue } from './errors.ts';
import { readTextFile } from './lib/text-file.ts';
import { issuesOf, readYaml } from './lib/yaml.ts';

/** Settings of one policy: `enabled` and `shadow` belong to the engine, the rest to the policy itself. */
const policySettings = z.looseObject({ enabled: z.boolean().default(true), shadow: z.boolean().default(false) });
export type PolicySettings = z.infer<typeof policySettings>;

/** What is said about policies: first in the configuration file, then in the database, for every gateway alike. */
export const policyConfiguration = z.strictObject({
  policies: z.record(z.string(), policySettings).default({}),
  /** Names of the grant plugins that may give permissions. */
  mayGrant: z.array(z.string()).default([]),
});

export interface PolicyConfiguration {
  readonly policies: Readonly<Record<string, PolicySettings>>;
  readonly mayGrant: readonly string[];
  /** Where a file says this: its path and line. */
  readonly placeOf?: ((path: readonly PropertyKey[]) => string) | undefined;
}

const limits = z.strictObject({
  /** Bytes of a request body. */
  bodyBytes: z.int().positive().default(1_048_576),
  /** Bytes of a WebSocket message. */
  socketMessageBytes: z.int().positive().default(65_536),
  tokens: z.int().positive().default(2_000),
  depth: z.int().positive().default(12),
  aliases: z.int().positive().default(30),
  directives: z.int().positive().default(30),
  cost: z.int().positive().default(50_000),
  pageSize: z.int().positive().max(1_000).default(100),
  /** Milliseconds until a request is given up and its SQL cancelled. */
  requestMs: z.int().positive().default(15_000),
  /** The same for applyDescription, which writes a whole tenant. */
  bulkMs: z.int().positive().default(120_000),
  /** Milliseconds that a policy's review may take. */
  reviewMs: z.int().positive().default(1_000),
  /** Connections of requests. A dry run takes two: it reads what was beside what would be. */
  poolSize: z.int().min(2).default(10),
  /** Milliseconds to wait for a connection before answering 503. */
  poolWaitMs: z.int().positive().default(1_500),
  /** Milliseconds after which a feed that tells nothing sends a bookmark. */
  bookmarkMs: z.int().positive().default(10_000),
  /** WebSockets of one account, and as many streams over SSE. */
  socketsPerPrincipal: z.int().positive().default(50),
  /** WebSockets of one address (of IPv6: one /64) that have not signed in yet. */
  socketsPerAddress: z.int().positive().default(200),
  /** Valid API tokens that an account may make for itself. */
  ownTokens: z.int().positive().default(100),
  passwordLength: z.int().min(8).default(15),
});
export type Limits = z.infer<typeof limits>;

const decisionLog = z.strictObject({
  /** Of the reads that are allowed, so many are recorded (0 to 1); refusals and mutations always are. */
  sampleReads: z.number().min(0).max(1).default(0.01),
  keepDays: z.int().positive().default(30),
});

const liveness = z
  .strictObject({
    /** Does this gateway judge which services are gone? One of all that do is at it. */
    enabled: z.boolean().default(true),
    /** Milliseconds between two rounds of judging. */
    intervalMs: z.int().min(50).default(5_000),
    /** How often services are told to report. */
    heartbeatMs: z.int().positive().default(3_000),
    /** Silent for longer than this, a service is DISCONNECTED; its own timing goes before. */
    timeoutMs: z.int().positive().default(45_000),
    /** Not judged before it has been registered for so long. */
    initialDelayMs: z.int().min(0).default(45_000),
    /** DISCONNECTED or TERMINATING for longer than this, it is NOT_RUNNING. */
    terminationGraceMs: z.int().min(0).default(300_000),
    /** Days that the row of an ended service is kept. */
    purgeDays: z.number().min(0).default(7),
    /** When what a service held is given to others. */
    restartStrategy: z
      .enum(['AFTER_TERMINATION_GRACE_PERIOD', 'IMMEDIATELY', 'NEVER'])
      .default('AFTER_TERMINATION_GRACE_PERIOD'),
    /** By how much the clock of a service may be ahead. */
    skewMs: z.int().min(0).default(60_000),
  })
  .refine(({ heartbeatMs, timeoutMs }) => heartbeatMs < timeoutMs, {
    path: ['heartbeatMs'],
    error: 'must be less than timeoutMs',
  });
export type Liveness = z.infer<typeof liveness>;

const commands = z.strictObject({
  /** A command that its claimer has not acknowledged for so long is given again. */
  repeatAfterSeconds: z.int().positive().default(60),
});

const retention = z.strictObject({
  /** Ended executions that began longer ago are removed, with all that belongs to them. Left out: kept. */
  executionDays: z.int().positive().optional(),
  /** Audit events that are older are pruned, with a signed tombstone in their place. Left out: kept. */
  auditDays: z.int().positive().optional(),
});

const shipName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'has a-z, 0-9 and hyphens, at most 63');
const httpUrl = z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' });
/** The name of an environment variable that holds something secret: the file may be read by others. */
const variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'is not the name of an environment variable');
const shipCommon = {
  name: shipName,
  /** Keys of tenants; left out: all, and the instance. */
  tenants: z.array(z.string().min(1)).min(1).optional(),
  /** Where a new destination begins: with the oldest event that is kept, or with the next one. */
  begin: z.enum(['oldest', 'now']).default('oldest'),
  batch: z.int().min(1).max(1_000).default(200),
};
const destination = z.discriminatedUnion('to', [
  z.strictObject({ ...shipCommon, to: z.literal('file'), path: z.string().min(1) }),
  z.strictObject({ ...shipCommon, to: z.literal('webhook'), url: httpUrl, secretFrom: variable }),
  z.strictObject({ ...shipCommon, to: z.literal('otlp'), url: httpUrl, authorizationFrom: variable.optional() }),
]);
/** A destination with what its environment variables hold. */
export type Destination = z.infer<typeof destination> & { readonly secret?: string };

const audit = z.strictObject({
  /** Minutes between two signed checkpoints of every chain that grew. */
  checkpointMinutes: z.number().positive().default(60),
  /** Where the events go beside the database. */
  ship: z
    .array(destination)
    .default([])
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names are unique'),
});

const file = z.strictObject({
  ...policyConfiguration.shape,
  /** Folders with policies from outside the project, beside plugins/. */
  policyFolders: z.array(z.string()).default([]),
  /** The folder of files that settings of policies may name; left out: the folder of this file. */
  policyFiles: z.string().min(1).optional(),
  limits: limits.prefault({}),
  decisionLog: decisionLog.prefault({}),
  liveness: liveness.prefault({}),
  commands: commands.prefault({}),
  retention: retention.prefault({}),
  audit: audit.prefault({}),
});
export type FileSettings = z.infer<typeof file>;

/** The sections of a file that has faults: each counts by itself, so the faults of the others are told as well. */
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

/** Reads the configuration file. Of one with faults, the sections that have none are read. */
export function readFile(path: string | undefined): ReadFile {
  const none = { settings: file.parse({}), faults: [] };
  if (path === undefined || path === '') return none;
  const told = ({ line, path: at, message }: Issue) =>
    `${path}:${line}: ${at.join('.')} ${message}`.replace(':  ', ': ');
  try {
    const read = readYaml(readTextFile(path));
    if ('issues' in read) return { ...none, faults: read.issues.map(told) };
    const placeOf = (at: readonly PropertyKey[]) => `${path}:${read.lineOf(at)}`;
    const result = file.safeParse(read.value ?? {});
    if (result.success) return { settings: result.data, placeOf, faults: [] };
    return { settings: sectionsOf(read.value), placeOf, faults: issuesOf(result.error, read.lineOf).map(told) };
  } catch (error) {
    return { ...none, faults: [`${path}: ${(error as Error).message}`] };
  }
}
