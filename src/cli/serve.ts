import { once } from 'node:events';
import { createServer } from 'node:net';
import { type App, createApp } from '../app.ts';
import { demoTenant, demoUser, loadDemo } from '../bootstrap/demo.ts';
import { firstStart } from '../bootstrap/first-start.ts';
import { alignManagedRoles } from '../bootstrap/managed-roles.ts';
import { reloadPolicies } from '../bootstrap/reload.ts';
import { assertSettings, readSettings } from '../bootstrap/settings.ts';
import { type Config, isLoopback, isRunByNpm } from '../config.ts';
import { holdStore } from '../db/lock.ts';
import { migrate } from '../db/migrate.ts';
import { sharedAccountWarning } from '../db/postgres-account.ts';
import { explainError } from '../db/reach.ts';
import { createLog } from '../lib/log.ts';
import { DemoEngineProcess } from './demo-engine.ts';
import { notReady } from './not-ready.ts';
import { openConnection } from './store.ts';
import { onParentEnd, watchTerminal } from './terminal.ts';
import { type Command, UsageError } from './usage.ts';
import { welcome } from './welcome.ts';

function cannotListen({ host, port }: Config, { code, message }: NodeJS.ErrnoException): string {
  const why =
    code === 'EADDRINUSE' ? `Port ${port} of ${host} is in use` : `Cannot listen on ${host}:${port} (${message})`;
  return `${why}. Set PORT or HOST.`;
}

/** A first start prints its passwords once, so it must fail before it creates them if it cannot listen. */
async function assertCanListen(config: Config): Promise<void> {
  const probe = createServer().listen(config.port, config.host);
  await once(probe, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(cannotListen(config, error));
  });
  probe.close();
  await once(probe, 'close');
}

/**
 * A link that opens the console of a demo signed in, for the person who has just started it on this machine. Never for a
 * gateway with a database of its own, or one that listens to others.
 */
async function startLinkOf({ config, store, startLink }: App): Promise<(url: string) => string | undefined> {
  const none = () => undefined;
  if (config.databaseUrl !== undefined || !config.demo || !config.console) return none;
  const where = { username: demoUser, principal: { accesses: { some: { tenant: { key: demoTenant } } } } };
  const user = await store.prisma.user.findFirst({ where });
  const create = user ? await startLink.prepare({ store }, user.id) : undefined;
  return (url) => {
    const own = URL.parse(url);
    return own && isLoopback(own) ? create?.(own.origin) : undefined;
  };
}

/** Max time for a stop. Supervisors kill a gateway after 10 s: it must log the cause before that. */
const maxStopMs = 9_800;
const sameWishMs = 200;

export const serve: Command = {
  name: 'serve',
  usage: 'serve',
  description: 'Start the gateway (the default).',
  async run(args) {
    if (args.length > 0)
      throw new UsageError(
        `serve accepts no arguments, but got ${args.join(' ')}. Use environment variables for settings.\nUsage: gatehouse serve`,
      );
    const config = await readSettings();
    const log = createLog(config.log);
    let app: Awaited<ReturnType<typeof createApp>> | undefined;
    let release: (() => Promise<void>) | undefined;
    let stoppingSince: number | undefined;
    let engine: DemoEngineProcess | undefined;
    const opening = openConnection(config);
    const stop = async (reason: string) => {
      if (stoppingSince !== undefined) {
        // Ctrl-C reaches the gateway twice, as npm forwards it: both are one request. A hang-up is never a second one.
        if (reason.startsWith('SIG') && reason !== 'SIGHUP' && Date.now() - stoppingSince > sameWishMs) process.exit(1);
        return;
      }
      stoppingSince = Date.now();
      log.info('stopping', { reason });
      setTimeout(() => {
        log.error('the gateway did not stop in time and exits');
        process.exit(1);
      }, maxStopMs).unref();
      const { embedded } = await opening.catch(() => ({ embedded: undefined }));
      await engine?.stop();
      await app?.close();
      await release?.();
      await embedded?.stop();
      process.exit(0);
    };
    // All state is in the database, so an unhandled rejection is logged and the gateway continues.
    process.on('unhandledRejection', (error) => {
      log.error('unhandled promise rejection', {
        error: error instanceof Error ? error.stack : String(error),
      });
    });
    // Reads the file again and puts its policies in force. On a fault, it logs all faults and changes nothing.
    let reloading: Promise<void> = Promise.resolve();
    const terminalIsClosed = watchTerminal();
    process.on('SIGHUP', () => {
      if (terminalIsClosed()) void stop('SIGHUP');
      else if (app) reloading = reloading.then(() => reloadPolicies(app!, log));
    });
    process.on('SIGTERM', () => void stop('SIGTERM'));
    process.on('SIGINT', () => void stop('SIGINT'));
    if (isRunByNpm()) onParentEnd(() => void stop('npm has ended'));

    const { connection, embedded } = await opening;
    release =
      embedded &&
      (await holdStore(connection, () => {
        if (stoppingSince !== undefined) return;
        // Without the lock another gateway could start next to this one: stopping is safer than two of them.
        log.error('the embedded PostgreSQL has stopped; the gateway exits');
        process.exit(1);
      }));
    if (embedded && !release)
      throw new UsageError(`Another gateway uses ${config.dataDir}. Stop it first, or set GATEHOUSE_DATA_DIR.`);
    if (embedded && process.getuid?.() === 0 && config.postgresAccount === undefined)
      console.error(`WARNING: ${sharedAccountWarning}`);
    if (embedded?.adopted) log.info('took over the PostgreSQL of a gateway that was killed', { pid: embedded.pid });
    try {
      await assertSettings(config, connection);
      await assertCanListen(config);
      const applied = await migrate(connection);
      if (applied.length > 0) log.info('migrated', { applied });
      app = await createApp(config, connection, log);
      const password = await firstStart(app.store, config.admin, config.limits.passwordLength);
      const aligned = await alignManagedRoles(app.store);
      if (aligned > 0) log.info('managed roles follow this version', { roles: aligned });
      const demo =
        password !== undefined && config.demo ? await loadDemo(app.store, app.services.keys, config) : undefined;
      if (demo?.engineToken !== undefined) DemoEngineProcess.prepare(config, demo.engineToken);
      await app.freshness.confirm();
      // Read before it listens: once it answers, its output has the sign-ins.
      const linkOf = await startLinkOf(app);
      const url = await app.listen().catch((error: NodeJS.ErrnoException) => {
        throw error.syscall === 'listen' ? new UsageError(cannotListen(config, error)) : error;
      });
      const link = linkOf(url);
      console.log(welcome({ url, config, password, demo, link, pid: process.pid, postgres: embedded?.pid }));
      engine = DemoEngineProcess.start(config, url, log);
      if (app.freshness.state.policySet !== app.policies.engine.fingerprint) console.error(await notReady(app));
    } catch (error) {
      if (stoppingSince !== undefined) return new Promise<number>(() => undefined);
      stoppingSince = Date.now();
      await app?.close();
      await release?.();
      await embedded?.stop();
      throw explainError(error, connection);
    }
    return new Promise<number>(() => undefined);
  },
};
