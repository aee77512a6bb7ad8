import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { readTextFile } from './lib/text-file.ts';
import { ToldError } from './lib/told-error.ts';
import { parseYaml } from './lib/yaml.ts';

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

const origin = z.url({ protocol: /^https?$/ }).refine((text) => URL.parse(text)?.origin === text, {
  error: 'is not an origin (scheme://host[:port], nothing behind it)',
});
const list = (item: z.ZodType<string, string>) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item));
const port = z
  .string()
  .regex(/^\d{1,5}$/, 'is not a port')
  .transform(Number)
  .pipe(z.int().min(0).max(65_535));
const addressOrRange = z.string().refine((text) => {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family > 0 && Number(prefix ?? 0) <= (family === 6 ? 128 : 32);
}, 'is not an address or CIDR range');

/** Random text of that length has many different characters; one that is typed for want of a better has few. */
const masterKey = z
  .string()
  .min(32, 'needs at least 32 characters')
  .refine((text) => new Set(text).size >= 8, 'is too easy to guess: take 32 random bytes, as text');

const environment = z
  .object({
    PORT: port.default(4000),
    HOST: z.string().min(1).default('127.0.0.1'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'is not a postgresql:// URL' }).optional(),
    GATEHOUSE_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'is not a redis:// URL' }).optional(),
    GATEHOUSE_DATA_DIR: z.string().min(1).default('.gatehouse'),
    GATEHOUSE_POSTGRES_ACCOUNT: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/, 'is not the name of an account')
      .optional(),
    GATEHOUSE_CONFIG: z.string().min(1).optional(),
    GATEHOUSE_MASTER_KEY: masterKey.optional(),
    GATEHOUSE_FORMER_MASTER_KEYS: list(z.string().min(32, 'needs at least 32 characters each')).optional(),
    GATEHOUSE_ORIGINS: list(origin).optional(),
    GATEHOUSE_TRUSTED_PROXIES: list(addressOrRange).optional(),
    GATEHOUSE_ADMIN_USERNAME: z.string().min(1).default('admin'),
    GATEHOUSE_ADMIN_PASSWORD: z.string().min(1).optional(),
    GATEHOUSE_DEMO: z.enum(['0', '1']).optional(),
    GATEHOUSE_GRAPHIQL: z.enum(['0', '1']).optional(),
    GATEHOUSE_LOG: z.enum(['error', 'info', 'debug']).default('info'),
  })
  .refine((env) => env.DATABASE_URL === undefined || env.GATEHOUSE_MASTER_KEY !== undefined, {
    path: ['GATEHOUSE_MASTER_KEY'],
    error: 'is required with DATABASE_URL (at least 32 random characters, the same on every gateway)',
    when: () => true,
  });

/** How a command signs in to a gateway, where its options do not say. */
export const signInOf = (env: Readonly<Record<string, string | undefined>> = process.env) => ({
  token: env['GATEHOUSE_API_TOKEN'] || undefined,
  user: env['GATEHOUSE_USER'] || undefined,
});

export interface Config extends PolicyConfiguration {
  readonly port: number;
  readonly host: string;
  /** Undefined: the embedded PostgreSQL in dataDir. */
  readonly databaseUrl: string | undefined;
  /** Undefined: gateways wake each other over PostgreSQL. */
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  /** Under root: the account that the embedded PostgreSQL runs as. */
  readonly postgresAccount: string | undefined;
  readonly masterKey: string | undefined;
  readonly formerMasterKeys: readonly string[];
  readonly origins: readonly string[] | undefined;
  readonly trustedProxies: readonly string[];
  readonly admin: { readonly username: string; readonly password: string | undefined };
  readonly demo: boolean;
  readonly graphiql: boolean;
  readonly log: 'error' | 'info' | 'debug';
  readonly policyFolders: readonly string[];
  /** Undefined: settings of policies may name no file. */
  readonly policyFiles: string | undefined;
  readonly limits: Limits;
  readonly decisionLog: z.infer<typeof decisionLog>;
  readonly liveness: Liveness;
  readonly commands: z.infer<typeof commands>;
  readonly retention: z.infer<typeof retention>;
  readonly audit: Omit<z.infer<typeof audit>, 'ship'> & { readonly ship: readonly Destination[] };
}

/** Every fault of the settings at once. */
export class ConfigError extends ToldError {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The settings have ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Settings can be changed through the API as well: what files they may name is the operator's word alone. */
const policyFilesOf = (configurationFile: string | undefined, folder: string | undefined): string | undefined =>
  folder !== undefined ? resolve(folder) : configurationFile ? dirname(resolve(configurationFile)) : undefined;

/**
 * Reads the settings from the environment and the configuration file (default: the one that GATEHOUSE_CONFIG names).
 * @throws {ConfigError} naming every fault.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  configurationFile = env['GATEHOUSE_CONFIG'],
): Config {
  const faults: string[] = [];
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(present);
  for (const issue of parsed.error?.issues ?? []) faults.push(`${issue.path.join('.')} ${issue.message}`);

  let settings = file.parse({});
  let placeOf: Config['placeOf'];
  const path = configurationFile;
  if (path !== undefined && path !== '') {
    try {
      const result = parseYaml(readTextFile(path), file);
      if (result.ok) {
        settings = result.value;
        placeOf = (at) => `${path}:${result.lineOf(at)}`;
      }
      if (!result.ok)
        for (const i of result.issues)
          faults.push(`${path}:${i.line}: ${i.path.join('.')} ${i.message}`.replace(':  ', ': '));
    } catch (error) {
      faults.push(`${path}: ${(error as Error).message}`);
    }
  }
  const ship = settings.audit.ship.map((one): Destination => {
    const from = one.to === 'webhook' ? one.secretFrom : one.to === 'otlp' ? one.authorizationFrom : undefined;
    const secret = from === undefined ? undefined : present[from];
    const least = one.to === 'webhook' ? 16 : 1;
    if (from !== undefined && (secret === undefined || secret.length < least))
      faults.push(`${from} is not set (at least ${least} characters), which audit.ship ${one.name} needs`);
    return secret === undefined ? one : { ...one, secret };
  });
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const e = parsed.data;
  return {
    port: e.PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    redisUrl: e.GATEHOUSE_REDIS_URL,
    dataDir: resolve(e.GATEHOUSE_DATA_DIR),
    postgresAccount: e.GATEHOUSE_POSTGRES_ACCOUNT,
    masterKey: e.GATEHOUSE_MASTER_KEY,
    formerMasterKeys: e.GATEHOUSE_FORMER_MASTER_KEYS ?? [],
    origins: e.GATEHOUSE_ORIGINS,
    trustedProxies: e.GATEHOUSE_TRUSTED_PROXIES ?? [],
    admin: { username: e.GATEHOUSE_ADMIN_USERNAME, password: e.GATEHOUSE_ADMIN_PASSWORD },
    demo: e.GATEHOUSE_DEMO === undefined ? e.DATABASE_URL === undefined : e.GATEHOUSE_DEMO === '1',
    graphiql: e.GATEHOUSE_GRAPHIQL === undefined ? e.DATABASE_URL === undefined : e.GATEHOUSE_GRAPHIQL === '1',
    log: e.GATEHOUSE_LOG,
    ...settings,
    policyFiles: policyFilesOf(path, settings.policyFiles),
    audit: { ...settings.audit, ship },
    ...(placeOf && { placeOf }),
  };
}
