import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { type Destination, type FileSettings, type PolicyConfiguration, readFile } from './config-file.ts';
import type { ProviderSettings } from './config-sign-in.ts';
import { areMetricsPrivate, type TelemetrySettings, telemetryOf } from './config-telemetry.ts';
import { secondsIn } from './lib/duration.ts';
import { OperatorError } from './lib/operator-error.ts';
import { unknownVariables } from './lib/variables.ts';

export {
  type Destination,
  type Limits,
  type Liveness,
  type PolicyConfiguration,
  type PolicySettings,
  policyConfiguration,
  type RateLimitRule,
  type RateLimits,
} from './config-file.ts';
export { type GroupRule, isLoopback, type ProviderSettings } from './config-sign-in.ts';

const origin = z.url({ protocol: /^https?$/ }).refine((text) => URL.parse(text)?.origin === text, {
  error: 'must be an origin (scheme://host[:port])',
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
  .regex(/^\d{1,5}$/, 'must be a port')
  .transform(Number)
  .pipe(z.int().min(0).max(65_535));
const addressOrRange = z.string().refine((text) => {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family > 0 && Number(prefix ?? 0) <= (family === 6 ? 128 : 32);
}, 'must be an address or CIDR range');

/** An ISO 8601 duration, in milliseconds. */
const duration = z.string().transform((text, context) => {
  const seconds = secondsIn(text);
  if (seconds !== undefined && seconds >= 60 && seconds <= 30 * 86_400) return seconds * 1_000;
  context.issues.push({ code: 'custom', input: text, message: 'must be a duration from PT1M to P30D, such as PT30M' });
  return z.NEVER;
});

/** An e-mail address, or a name and an address: `Gatehouse <gatehouse@company.example>`. */
const sender = z.string().refine((text) => {
  const [, named] = /^[^<>\r\n]+ <([^<>]+)>$/.exec(text) ?? [];
  return z.email().safeParse(named ?? text).success;
}, 'must be an e-mail address, such as gatehouse@company.example');

/** Random text of this length has many different characters; a typed placeholder has few. */
const masterKey = z
  .string()
  .min(32, 'must have at least 32 characters')
  .refine((text) => new Set(text).size >= 8, 'is too easy to guess; use 32 random bytes, as text');

const fraction = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/, 'must be a number from 0 to 1')
  .transform(Number);

const environment = z
  .object({
    PORT: port.default(4000),
    HOST: z.string().min(1).default('127.0.0.1'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL' }).optional(),
    GATEHOUSE_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// URL' }).optional(),
    GATEHOUSE_DATA_DIR: z.string().min(1).default('.gatehouse'),
    GATEHOUSE_POSTGRES_ACCOUNT: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/, 'must be the name of an account')
      .optional(),
    GATEHOUSE_CONFIG: z.string().min(1).optional(),
    GATEHOUSE_MASTER_KEY: masterKey.optional(),
    GATEHOUSE_FORMER_MASTER_KEYS: list(z.string().min(32, 'must have at least 32 characters each')).optional(),
    GATEHOUSE_ORIGINS: list(origin).optional(),
    GATEHOUSE_SESSION_IDLE: duration.prefault('PT30M'),
    GATEHOUSE_SESSION_LIFETIME: duration.prefault('PT12H'),
    GATEHOUSE_PUBLIC_URL: origin.optional(),
    GATEHOUSE_SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
    GATEHOUSE_MAIL_FROM: sender.optional(),
    GATEHOUSE_INVITATION_LIFETIME: duration.prefault('P7D'),
    GATEHOUSE_BREAK_GLASS: z.enum(['0', '1']).default('1'),
    GATEHOUSE_REQUIRE_SECOND_FACTOR: z.enum(['0', '1']).default('0'),
    GATEHOUSE_TRUSTED_PROXIES: list(addressOrRange).optional(),
    GATEHOUSE_ADMIN_USERNAME: z.string().min(1).default('admin'),
    GATEHOUSE_ADMIN_PASSWORD: z.string().min(1).optional(),
    GATEHOUSE_DEMO: z.enum(['0', '1']).optional(),
    GATEHOUSE_DEMO_ENGINE: z.enum(['0', '1']).optional(),
    GATEHOUSE_CONSOLE: z.enum(['0', '1']).optional(),
    GATEHOUSE_GRAPHIQL: z.enum(['0', '1']).optional(),
    GATEHOUSE_LOG: z.enum(['error', 'info', 'debug']).default('info'),
    GATEHOUSE_ACCESS_LOG: fraction.prefault('0'),
    GATEHOUSE_METRICS_PORT: port.optional(),
    GATEHOUSE_METRICS_HOST: z.string().min(1).default('127.0.0.1'),
    GATEHOUSE_METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
    GATEHOUSE_OTLP_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
    GATEHOUSE_OTLP_AUTHORIZATION: z.string().min(1).optional(),
    GATEHOUSE_TRACE_SAMPLE: fraction.prefault('0.01'),
  })
  .refine(areMetricsPrivate, {
    path: ['GATEHOUSE_METRICS_TOKEN'],
    error: 'is required unless GATEHOUSE_METRICS_HOST is a loopback host: others could read the metrics',
  })
  .refine((env) => env.DATABASE_URL === undefined || env.GATEHOUSE_MASTER_KEY !== undefined, {
    path: ['GATEHOUSE_MASTER_KEY'],
    error: 'is required with DATABASE_URL (at least 32 random characters, the same on every gateway)',
    when: () => true,
  })
  .refine((env) => env.GATEHOUSE_SESSION_IDLE <= env.GATEHOUSE_SESSION_LIFETIME, {
    path: ['GATEHOUSE_SESSION_IDLE'],
    error: 'must not exceed GATEHOUSE_SESSION_LIFETIME',
  })
  .refine((env) => env.GATEHOUSE_SMTP_URL === undefined || env.GATEHOUSE_MAIL_FROM !== undefined, {
    path: ['GATEHOUSE_MAIL_FROM'],
    error: 'is required with GATEHOUSE_SMTP_URL',
    when: () => true,
  })
  .refine((env) => env.GATEHOUSE_SMTP_URL === undefined || env.GATEHOUSE_PUBLIC_URL !== undefined, {
    path: ['GATEHOUSE_PUBLIC_URL'],
    error: 'is required with GATEHOUSE_SMTP_URL, for the links in mails',
    when: () => true,
  });

const signInVariables = ['GATEHOUSE_API_TOKEN', 'GATEHOUSE_USER'];
/** Sign-in of commands, if their options have none. */
export const signInOf = (env: Readonly<Record<string, string | undefined>> = process.env) => ({
  token: env['GATEHOUSE_API_TOKEN'] || undefined,
  user: env['GATEHOUSE_USER'] || undefined,
});

/** Folder of the user's own settings for commands: their profiles. */
export const userFolderOf = (env: Readonly<Record<string, string | undefined>> = process.env): string => {
  const { XDG_CONFIG_HOME: xdg, APPDATA: appData } = env;
  if (process.platform === 'win32' && appData) return join(appData, 'gatehouse');
  return xdg && isAbsolute(xdg) ? join(xdg, 'gatehouse') : join(homedir(), '.config', 'gatehouse');
};

/** True if npm runs the process as a script of this package. npm forwards SIGINT and SIGTERM, and no other signal. */
export const isRunByNpm = (env: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  env['npm_package_name'] === 'gatehouse' && ['start', 'gatehouse'].includes(env['npm_lifecycle_event'] ?? '');

export interface Config extends PolicyConfiguration {
  readonly port: number;
  readonly host: string;
  /** Undefined for the embedded PostgreSQL in dataDir. */
  readonly databaseUrl: string | undefined;
  /** Undefined to notify gateways over PostgreSQL. */
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  /** As root: the account that runs the embedded PostgreSQL. */
  readonly postgresAccount: string | undefined;
  readonly masterKey: string | undefined;
  readonly formerMasterKeys: readonly string[];
  readonly origins: readonly string[] | undefined;
  readonly sessions: { readonly idleMs: number; readonly lifetimeMs: number };
  /** Undefined if the gateway sends no mails. */
  readonly mail: { readonly url: string; readonly from: string } | undefined;
  /** Time in which an invitation can be accepted, in milliseconds. */
  readonly invitationMs: number;
  readonly trustedProxies: readonly string[];
  readonly admin: { readonly username: string; readonly password: string | undefined };
  readonly demo: boolean;
  /** Run the flows of the demo organisation. */
  readonly demoEngine: boolean;
  readonly graphiql: boolean;
  /** True if the console is served at `/`. */
  readonly console: boolean;
  readonly log: 'error' | 'info' | 'debug';
  readonly telemetry: TelemetrySettings;
  readonly policyFolders: readonly string[];
  /** Undefined if settings of policies must not name files. */
  readonly policyFiles: string | undefined;
  readonly limits: FileSettings['limits'];
  readonly decisionLog: FileSettings['decisionLog'];
  readonly liveness: FileSettings['liveness'];
  readonly commands: FileSettings['commands'];
  readonly rateLimits: FileSettings['rateLimits'];
  readonly retention: FileSettings['retention'];
  readonly externalSecrets: FileSettings['externalSecrets'];
  readonly audit: Omit<FileSettings['audit'], 'ship'> & { readonly ship: readonly Destination[] };
  readonly signIn: {
    /** Origin of the gateway for browsers. Undefined: known on a loopback host only, from the request. */
    readonly publicUrl: string | undefined;
    /** True to keep a super admin who can sign in by password. */
    readonly breakGlass: boolean;
    /** True if every user who signs in by password must have a second factor. */
    readonly requireSecondFactor: boolean;
    readonly providers: readonly ProviderSettings[];
    /** Issuers of tokens that a service account can trust. */
    readonly workloadIssuers: readonly string[];
    readonly providerMs: number;
  };
}

/** Sources of policies: their settings and their folders. */
export type PolicySources = PolicyConfiguration & Pick<Config, 'policyFolders' | 'policyFiles'>;

/** Reports all faults of the settings at once. */
export class ConfigError extends OperatorError {
  readonly faults: readonly string[];
  /** The configuration of policies, if it could be read. It can have faults of its own. */
  readonly policies: PolicySources | undefined;
  constructor(faults: readonly string[], policies?: PolicySources) {
    super(
      `The settings have ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
    this.policies = policies;
  }
}

/** Settings can be changed through the API as well, so only the operator decides which files they can name. */
const policyFilesOf = (configurationFile: string | undefined, folder: string | undefined): string | undefined =>
  folder !== undefined ? resolve(folder) : configurationFile ? dirname(resolve(configurationFile)) : undefined;

/**
 * Reads the settings from the environment and the configuration file (default: GATEHOUSE_CONFIG).
 * @throws {ConfigError} with all faults.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  configurationFile = env['GATEHOUSE_CONFIG'],
): Config {
  const faults: string[] = [];
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(present);
  for (const issue of parsed.error?.issues ?? []) faults.push(`${issue.path.join('.')} ${issue.message}`);

  const { settings, placeOf, faults: fileFaults } = readFile(configurationFile);
  faults.push(...fileFaults);
  const secrets: string[] = [];
  const ship = settings.audit.ship.map((one): Destination => {
    const from = one.to === 'webhook' ? one.secretFrom : one.to === 'otlp' ? one.authorizationFrom : undefined;
    const secret = from === undefined ? undefined : present[from];
    const least = one.to === 'webhook' ? 16 : 1;
    if (from !== undefined) secrets.push(from);
    if (from !== undefined && (secret === undefined || secret.length < least))
      faults.push(`${from} must be set and have at least ${least} characters: audit.ship ${one.name} requires it`);
    return secret === undefined ? one : { ...one, secret };
  });
  const providers = settings.signIn.providers.map((one): ProviderSettings => {
    const from = one.clientSecretFrom;
    const clientSecret = from === undefined ? undefined : present[from];
    if (from !== undefined) secrets.push(from);
    if (from !== undefined && (clientSecret === undefined || clientSecret.length < 16))
      faults.push(`${from} must be set and have at least 16 characters: signIn.providers ${one.name} requires it`);
    return clientSecret === undefined ? one : { ...one, clientSecret };
  });
  if (settings.rateLimits.store === 'redis' && present['GATEHOUSE_REDIS_URL'] === undefined)
    faults.push('GATEHOUSE_REDIS_URL is required: rateLimits.store is redis');
  const known = [...Object.keys(environment.shape), ...signInVariables, ...secrets];
  faults.push(...unknownVariables(present, 'GATEHOUSE_', known));
  const policyFiles = policyFilesOf(configurationFile, settings.policyFiles);
  if (!parsed.success || faults.length > 0)
    throw new ConfigError(faults, { ...settings, policyFiles, ...(placeOf && { placeOf }) });
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
    sessions: { idleMs: e.GATEHOUSE_SESSION_IDLE, lifetimeMs: e.GATEHOUSE_SESSION_LIFETIME },
    mail:
      e.GATEHOUSE_SMTP_URL === undefined ? undefined : { url: e.GATEHOUSE_SMTP_URL, from: e.GATEHOUSE_MAIL_FROM ?? '' },
    invitationMs: e.GATEHOUSE_INVITATION_LIFETIME,
    trustedProxies: e.GATEHOUSE_TRUSTED_PROXIES ?? [],
    admin: { username: e.GATEHOUSE_ADMIN_USERNAME, password: e.GATEHOUSE_ADMIN_PASSWORD },
    demo: e.GATEHOUSE_DEMO === undefined ? e.DATABASE_URL === undefined : e.GATEHOUSE_DEMO === '1',
    demoEngine:
      e.GATEHOUSE_DEMO_ENGINE === undefined
        ? e.GATEHOUSE_DEMO !== '0' && e.DATABASE_URL === undefined
        : e.GATEHOUSE_DEMO_ENGINE === '1',
    console: e.GATEHOUSE_CONSOLE !== '0',
    graphiql: e.GATEHOUSE_GRAPHIQL === undefined ? e.DATABASE_URL === undefined : e.GATEHOUSE_GRAPHIQL === '1',
    log: e.GATEHOUSE_LOG,
    telemetry: telemetryOf(e),
    ...settings,
    policyFiles,
    audit: { ...settings.audit, ship },
    signIn: {
      publicUrl: e.GATEHOUSE_PUBLIC_URL,
      breakGlass: e.GATEHOUSE_BREAK_GLASS === '1',
      requireSecondFactor: e.GATEHOUSE_REQUIRE_SECOND_FACTOR === '1',
      providers,
      workloadIssuers: settings.signIn.workloadIssuers,
      providerMs: settings.signIn.providerMs,
    },
    ...(placeOf && { placeOf }),
  };
}
