import { makeCheckpoints } from './audit/checkpoints.ts';
import { sweepFailures } from './auth/lockout.ts';
import type { Config } from './config.ts';
import type { Connection } from './db/embedded.ts';
import { exclusively } from './db/lock.ts';
import { isConnectionLost } from './db/sql-state.ts';
import type { Services } from './graphql/context.ts';
import { pruneIdempotencyKeys } from './graphql/mutation/idempotency.ts';
import type { Log } from './lib/log.ts';
import type { RoleUsage } from './policy/decisions/usage.ts';
import type { Freshness } from './policy/session/freshness.ts';
import { pruneHistory } from './policy/session/store-state.ts';
import { pruneAudit } from './resources/governance/audit-log/retention.ts';
import { pruneDevices } from './resources/identity/command-line/device.ts';
import { pruneSentInvitations } from './resources/identity/invitation/limit.ts';
import { expireInvitations } from './resources/identity/invitation/service.ts';
import { pruneMails } from './resources/identity/mail/outbox.ts';
import { pruneChallenges } from './resources/identity/passkey/challenge.ts';
import { prunePasswordLinks } from './resources/identity/password-link/service.ts';
import { expireSessions } from './resources/identity/session/sign-in.ts';
import { refreshGroups } from './resources/identity/single-sign-on/refresh.ts';
import { pruneSingleUse } from './resources/identity/single-sign-on/single-use.ts';
import { pruneCommands } from './resources/orchestration/execution/claims.ts';
import { purgeExecutions } from './resources/orchestration/execution/retention.ts';
import { expireKeyValues } from './resources/orchestration/key-value/service.ts';
import { killCovered } from './resources/orchestration/kill-switch/kill.ts';
import { purgeTriggerLogs } from './resources/orchestration/trigger-log/report.ts';

/** Periodic work of a running gateway. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /** `one`: on one gateway at a time, with a database lock. `each`: on every gateway. */
  readonly on: 'one' | 'each';
  run(): Promise<unknown>;
  /** Writes what must not be lost when the gateway stops. */
  lastRun?(): Promise<unknown>;
}

/** The maximum delay of a timer. With a longer one, it would fire immediately. */
const maxTimerMs = 2 ** 31 - 1;
const second = 1_000;
const minute = 60 * second;

/** Returns all periodic jobs of a gateway. */
export function jobsOf(
  { store, keys, sessionTimes, refusals, endedStreams, decisions, changes, providers }: Services,
  { usage, freshness, log }: { readonly usage: RoleUsage; readonly freshness: Freshness; readonly log: Log },
  { audit, retention: { executionDays, auditDays } }: Pick<Config, 'audit' | 'retention'>,
): readonly Job[] {
  const { prisma } = store;
  const destinations = audit.ship.map(({ name }) => name);
  return [
    {
      name: 'failed sign-ins',
      everyMs: minute,
      on: 'each',
      run: () => sweepFailures(store),
      lastRun: () => sweepFailures(store),
    },
    {
      name: 'refusals',
      everyMs: minute,
      on: 'each',
      run: () => refusals.sweep(),
      lastRun: () => refusals.sweep(Number.POSITIVE_INFINITY),
    },
    {
      name: 'decisions',
      everyMs: 2 * second,
      on: 'each',
      run: () => decisions.flush(),
      lastRun: () => decisions.flush({ all: true }),
    },
    { name: 'use of roles', everyMs: 2 * second, on: 'each', run: () => usage.flush(), lastRun: () => usage.flush() },
    {
      name: 'ended streams',
      everyMs: minute,
      on: 'each',
      run: () => endedStreams.flush(),
      lastRun: () => endedStreams.flush(),
    },
    { name: 'kill switches', everyMs: 5 * second, on: 'each', run: () => killCovered(store) },
    { name: 'expired sessions', everyMs: minute, on: 'one', run: () => expireSessions(store, sessionTimes) },
    { name: 'expired key-value pairs', everyMs: minute, on: 'one', run: () => expireKeyValues(store) },
    { name: 'expired invitations', everyMs: minute, on: 'one', run: () => expireInvitations(store) },
    { name: 'counted invitations', everyMs: 5 * minute, on: 'one', run: () => pruneSentInvitations(store) },
    { name: 'old password links', everyMs: 5 * minute, on: 'one', run: () => prunePasswordLinks(store) },
    { name: 'old mails', everyMs: 5 * minute, on: 'one', run: () => pruneMails(store) },
    {
      name: 'groups of providers',
      everyMs: minute,
      on: 'one',
      run: () => refreshGroups({ store, keys, freshness, providers, log }),
    },
    { name: 'used sign-ins', everyMs: minute, on: 'one', run: () => pruneSingleUse(store) },
    { name: 'challenges of passkeys', everyMs: minute, on: 'one', run: () => pruneChallenges(store) },
    { name: 'sign-ins of devices', everyMs: minute, on: 'one', run: () => pruneDevices(store) },
    { name: 'old decisions', everyMs: 5 * minute, on: 'each', run: () => decisions.prune() },
    { name: 'old removals', everyMs: 5 * minute, on: 'each', run: () => changes.prune() },
    { name: 'old commands', everyMs: 5 * minute, on: 'each', run: () => pruneCommands(prisma) },
    { name: 'old revisions', everyMs: 5 * minute, on: 'each', run: () => pruneHistory(prisma) },
    { name: 'old idempotency keys', everyMs: 5 * minute, on: 'each', run: () => pruneIdempotencyKeys(prisma) },
    {
      name: 'checkpoints',
      everyMs: audit.checkpointMinutes * minute,
      on: 'one',
      run: () => makeCheckpoints(prisma, keys.signing[0]),
    },
    {
      name: 'retention',
      everyMs: 10 * minute,
      on: 'one',
      run: async () => {
        await purgeExecutions(store, executionDays);
        if (executionDays !== undefined) await purgeTriggerLogs(store, executionDays);
        if (auditDays !== undefined) await pruneAudit(store, keys, { keepDays: auditDays, destinations });
      },
    },
  ];
}

/** Starts the jobs. @returns a function that stops them and performs their last runs. */
export function startJobs(jobs: readonly Job[], connection: Connection, log: Log): () => Promise<void> {
  const timers = jobs.map(({ name, everyMs, on, run }) => {
    const once = () => (on === 'one' ? exclusively(connection, name, run) : run());
    const failed = (error: Error) =>
      // A lost database connection is logged elsewhere.
      log[isConnectionLost(error) ? 'debug' : 'error'](`${name} failed and will be retried`, { error: error.message });
    return setInterval(() => void once().catch(failed), Math.min(everyMs, maxTimerMs)).unref();
  });
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.allSettled(jobs.map((job) => job.lastRun?.()));
  };
}
