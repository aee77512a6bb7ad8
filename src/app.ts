import type { AddressInfo } from 'node:net';
import { alignTransactions } from './audit/across.ts';
import { EndedStreams } from './audit/ended-streams.ts';
import { AuditFeed } from './audit/feed.ts';
import { Refusals } from './audit/refusals.ts';
import { Shipper } from './audit/shipping/shipper.ts';
import { Authenticator } from './auth/authenticate.ts';
import { masterKey } from './auth/key-file.ts';
import { deriveKeys } from './auth/keys.ts';
import { Links } from './auth/links.ts';
import { assertMasterKey } from './auth/master-key-id.ts';
import { createProviders } from './auth/oidc/providers.ts';
import { startPolicies } from './bootstrap/policies.ts';
import { type Config, isLoopback } from './config.ts';
import { ChangeFeed } from './db/change-feed.ts';
import { type Database, openDatabase } from './db/client.ts';
import { createWake } from './db/create-wake.ts';
import type { Connection } from './db/embedded.ts';
import { Silence } from './db/silence.ts';
import type { Store } from './db/transaction.ts';
import type { Wake } from './db/wake.ts';
import type { Services } from './graphql/context.ts';
import { createMask } from './graphql/mask.ts';
import { jobsOf, startJobs } from './jobs.ts';
import { atMost } from './lib/at-most.ts';
import { Counted } from './lib/counted.ts';
import type { Log } from './lib/log.ts';
import { DecisionLog } from './policy/decisions/log.ts';
import { RoleUsage } from './policy/decisions/usage.ts';
import type { LivePolicies } from './policy/load/live-policies.ts';
import { Freshness } from './policy/session/freshness.ts';
import { stateReader } from './policy/session/store-state.ts';
import { startDelivery } from './resources/identity/mail/delivery.ts';
import { createSend } from './resources/identity/mail/smtp.ts';
import { setRequiredSecondFactor } from './resources/identity/second-factor/required.ts';
import { removeAbsentProviders } from './resources/identity/single-sign-on/absent.ts';
import { setBreakGlass } from './resources/identity/user/break-glass.ts';
import { fillLooks } from './resources/identity/user/names.ts';
import { syncCatalogue } from './resources/orchestration/blueprint/catalogue.ts';
import { assertMasterKeysKnown } from './resources/orchestration/secret/data-keys.ts';
import { LivenessCoordinator } from './resources/orchestration/worker/coordinator.ts';
import { schema } from './schema.ts';
import { createAddressOf } from './server/address.ts';
import { createAuditExport } from './server/audit-export.ts';
import { createSigningInRoutes } from './server/auth-routes.ts';
import { createClaimsOf } from './server/claims.ts';
import { createConsole } from './server/console.ts';
import { createCookieRule } from './server/cookie-rule.ts';
import { downloadsAtOnce } from './server/download.ts';
import { createHttpServer } from './server/http.ts';
import { createListExport } from './server/list-export.ts';
import { createLogFile } from './server/log-file.ts';
import { createContextOf } from './server/operation/context.ts';
import { Documents } from './server/operation/documents.ts';
import { createObserve } from './server/operation/observe.ts';
import { Operations } from './server/operation/operations.ts';
import { createRateLimits } from './server/operation/rate-limits.ts';
import { createOriginRule } from './server/origins.ts';
import { type PlainPostOptions, servePlainPosts } from './server/plain-post.ts';
import { createScimRoutes } from './server/scim/routes.ts';
import { createSignIn } from './server/sign-in.ts';
import { StartLink } from './server/start-link.ts';
import { registerGauges } from './server/telemetry/gauges.ts';
import { startTelemetry } from './server/telemetry/start.ts';
import { serveSockets } from './server/ws.ts';
import { createGateway } from './server/yoga.ts';
import { version } from './version.ts';

export interface App {
  readonly config: Config;
  readonly plainPosts: PlainPostOptions;
  readonly database: Database;
  readonly store: Store;
  readonly services: Services;
  readonly freshness: Freshness;
  readonly policies: LivePolicies;
  readonly usage: RoleUsage;
  readonly coordinator: LivenessCoordinator;
  readonly startLink: StartLink;
  /** Where metrics are served; undefined before `listen`, and if they are not configured. */
  readonly metricsUrl: string | undefined;
  /** Starts listening. @returns the URL. */
  listen(): Promise<string>;
  /**
   * Stops in order: refuses new requests, ends streams with their cursors, finishes running requests, closes
   * connections.
   */
  close(): Promise<void>;
}

export interface AppOptions {
  /** Omit to create one. Tests replace it to lose messages. */
  readonly wake?: Wake;
  /** The folder of the built-in policies. */
  readonly pluginFolder?: string;
}

const drainMs = 6_000;
const jitterMs = 1_000;
/** Time limit for the last runs of the jobs, for a database that does not respond. */
const lastRunsMs = 700;

/** The composition root: creates everything and passes it down. */
export async function createApp(
  config: Config,
  connection: Connection,
  log: Log,
  options: AppOptions = {},
): Promise<App> {
  const keys = deriveKeys(masterKey(config.masterKey, config.dataDir), config.formerMasterKeys);
  const started = await startTelemetry(config.telemetry, log);
  const telemetry = started?.telemetry;
  const database = openDatabase(connection, config.limits, telemetry);
  const wake = options.wake ?? createWake(config.redisUrl, connection, log);
  const store: Store = { prisma: database.prisma, pool: database.pool, wake };
  const freshness = new Freshness(stateReader(database.apart), wake);
  const { history } = freshness;
  const feed = new AuditFeed(store, keys.cursor, () => freshness.confirm(), history);
  const changes = new ChangeFeed(store, history);
  freshness.isFollowed = () => feed.isFollowed || changes.isFollowed;
  const refusals = new Refusals(store);
  const endedStreams = new EndedStreams(store);
  const closers: (() => void | Promise<void>)[] = [
    () => freshness.close(),
    () => feed.close(),
    () => changes.close(),
    () => wake.close(),
    () => started?.close(),
  ];
  const closeAll = async () => {
    await Promise.all(closers.map((close) => close()));
    await database.close();
  };
  try {
    await assertMasterKey(database.prisma, keys);
    await alignTransactions(store);
    const policies = await startPolicies(config, store, log, options.pluginFolder);
    closers.push(() => policies.close());
    const { engine } = policies;
    engine.telemetry = telemetry;
    const decisions = new DecisionLog({ store, ...config.decisionLog });
    const usage = new RoleUsage(store);
    engine.observer = (decision, policySet) => {
      const { identity, permission, scope, request } = decision;
      usage.note(identity!.principal, permission, scope.tenantId, request.env.now);
      if (request.action === 'READ') decisions.sample(decision, policySet);
    };
    engine.handedOn = (holder, permissions, tenantId) => {
      for (const permission of permissions) usage.note(holder, permission, tenantId ?? undefined, new Date());
    };
    await freshness.confirm();
    policies.follow(freshness);

    await setBreakGlass(store, config.signIn.breakGlass);
    await setRequiredSecondFactor(store, config.signIn.requireSecondFactor);
    await assertMasterKeysKnown(database.prisma, keys);
    await fillLooks(store);
    await syncCatalogue(store);
    const providers = createProviders(config.signIn);
    // A gateway whose policies differ may have other settings by mistake.
    if (freshness.state.policySet === engine.fingerprint) await removeAbsentProviders(store, providers, log);
    const authenticator = new Authenticator({
      store,
      engine,
      freshness,
      keys,
      refusals,
      sessionTimes: config.sessions,
      providers,
      issuers: config.signIn.workloadIssuers,
      issuerMs: config.signIn.providerMs,
    });
    history.on((what) => {
      if (what !== 'restored') return;
      authenticator.forget();
      usage.forget();
      database.renew();
      log.error('the database was restored, replaced or rolled back', {
        consequence: 'cached permissions, sign-ins and policies are dropped, and open streams are notified',
        revision: String(freshness.state.revision),
      });
      void assertMasterKey(database.prisma, keys)
        .then(() => alignTransactions(store))
        .catch((error: Error) => log.error(error.message));
    });
    const links = new Links(config.signIn.publicUrl, config.mail !== undefined);
    const services: Services = {
      store,
      keys,
      limits: config.limits,
      sessionTimes: config.sessions,
      links,
      origins: config.origins,
      invitationMs: config.invitationMs,
      providers,
      workloadIssuers: config.signIn.workloadIssuers,
      liveness: config.liveness,
      commands: config.commands,
      externalSecrets: config.externalSecrets,
      destinations: config.audit.ship.map(({ name, to }) => ({ name, to })),
      feed,
      changes,
      refusals,
      endedStreams,
      streams: new Counted(config.limits.socketsPerPrincipal),
      decisions,
      engine,
      policies,
      version,
      storeKind: config.databaseUrl === undefined ? 'embedded' : 'external',
    };
    for (const destination of config.audit.ship) {
      const shipper = new Shipper(store, connection, log, destination);
      closers.push(() => shipper.close());
      shipper.start();
    }
    const pages = config.console ? createConsole() : undefined;
    const origins = createOriginRule(config.origins, config.graphiql || pages !== undefined);
    const addressOf = createAddressOf(config.trustedProxies);
    const mask = createMask(log);
    const rule = createCookieRule(config.origins);
    const claimsOf = createClaimsOf(addressOf, rule);
    const { requestMs, sessionsPerUser: perUser } = config.limits;
    const signIn = createSignIn(authenticator, claimsOf, requestMs);
    const { bodyBytes } = config.limits;
    const contextOf = createContextOf({ services, authenticator, claimsOf });
    const documents = new Documents(schema, config.limits.tokens);
    const observe = createObserve({ telemetry, log, accessLog: config.telemetry.accessLog });
    const { rateLimits: settings, redisUrl } = config;
    const rates = await createRateLimits({ settings, redisUrl, pool: database.pool, log, telemetry });
    if (rates) closers.push(() => rates.close());
    const operations = new Operations(config.limits, observe, rates);
    const execution = { schema, bodyBytes, signIn, documents, operations, contextOf, mask };
    const gateway = createGateway(execution);
    const plainPosts = { gateway, ...execution };
    const isReady = () => freshness.isFresh && freshness.state.policySet === engine.fingerprint;
    const files = { services, authenticator, claimsOf, mask, running: new Counted(downloadsAtOnce) };
    const downloads = [
      createLogFile(files),
      createAuditExport(files),
      createListExport({ ...files, schema, operations }),
    ];
    const graphql = servePlainPosts(plainPosts);
    const sessions = { store, keys, freshness, times: config.sessions, perUser };
    const { publicUrl } = config.signIn;
    const oidc = { store, refusals, providers, sessions, claimsOf, mask, log, requestMs, publicUrl };
    const acceptance = { store, keys, engine, freshness, refusals, passwordLength: config.limits.passwordLength };
    const { origins: listed } = config;
    const startLink = new StartLink();
    const signingIn = {
      ...oidc,
      origins: listed,
      authenticator,
      rule,
      links,
      acceptance,
      resets: acceptance,
      commands: services,
      startLink,
    };
    const signingInRoutes = createSigningInRoutes(signingIn);
    const scimRoutes = createScimRoutes({ ...execution, operations, publicUrl });
    const auth = (path: string) => signingInRoutes(path) ?? scimRoutes(path);
    const hasPage = config.graphiql;
    const served = { graphql, downloads, console: pages, auth, origins, rule, isReady, hasPage, telemetry };
    const http = createHttpServer(served);
    const { socketMessageBytes: messageBytes, socketsPerPrincipal, socketsPerAddress } = config.limits;
    const perCaller = { messageBytes, socketsPerPrincipal, socketsPerAddress };
    const peers = { gateway, mask, authenticator, addressOf, claimsOf, origins, telemetry };
    const sockets = serveSockets(http.server, { ...peers, ...perCaller });
    if (telemetry) closers.push(registerGauges(telemetry, { database, feed, changes, sockets, isReady, config }));
    if (config.mail) closers.push(startDelivery({ store, keys, send: createSend(config.mail), log }));
    const stopJobs = startJobs(jobsOf(services, { usage, freshness, log }, config), connection, log);
    const coordinator = new LivenessCoordinator({ store, connection, settings: config.liveness, log });
    closers.push(() => coordinator.close());
    coordinator.start();
    const silence = new Silence({
      answers: () => freshness.isFresh,
      giveUp: (milliseconds) => database.giveUp(milliseconds),
      log,
    });
    closers.push(() => silence.close());

    let metricsUrl: string | undefined;

    return {
      config,
      plainPosts,
      database,
      store,
      services,
      freshness,
      policies,
      usage,
      coordinator,
      startLink,
      get metricsUrl() {
        return metricsUrl;
      },
      async listen() {
        metricsUrl = await started?.listen();
        await new Promise<void>((done, fail) => {
          http.server.once('error', fail);
          http.server.listen(config.port, config.host, done);
        });
        const { port } = http.server.address() as AddressInfo;
        const own = URL.parse(`http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`);
        if (own && isLoopback(own)) links.origin ??= `http://localhost:${port}`;
        return `http://${config.host === '127.0.0.1' || config.host === '0.0.0.0' ? 'localhost' : config.host}:${port}`;
      },
      async close() {
        const drained = http.server.listening ? http.drain(drainMs) : Promise.resolve();
        // Sockets first: clients resume after close code 1001, but not after their stream has completed.
        await sockets.close(jitterMs);
        feed.close();
        changes.close();
        await drained;
        await atMost(lastRunsMs, stopJobs());
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
