import type { Liveness } from '../../../config.ts';
import type { Worker } from '../../../db/generated/client.ts';

/** Basis of a liveness round. */
export interface Calm {
  /** Since when this gateway has checked without a pause, by the database's clock. */
  readonly since: Date;
  /** Start of the round, by the same clock. */
  readonly at: Date;
  /** Milliseconds from then until the verdict. */
  readonly pauseMs: number;
}

/** Verdict on a service: its next state, or deletion of its row. */
export type Verdict = 'DISCONNECTED' | 'TERMINATING' | 'NOT_RUNNING' | 'INACTIVE' | 'PURGE';
export type Judged = Worker & { readonly verdict: Verdict };

const batch = 500;
const milliseconds = (value: string) => `interval '1 millisecond' * (${value})`;
const own = (timing: string, standard: string) => `COALESCE((w.timings->>'${timing}')::float8, ${standard})`;
const timeout = milliseconds(own('heartbeatTimeoutMs', 's.timeout'));
const delay = milliseconds(own('initialDelayMs', 's.delay'));
const grace = milliseconds(own('terminationGraceMs', 's.grace'));
/** True if this gateway was awake for the whole timeout. */
const calm = `s.since <= s.now - ${timeout} AND s.now <= s.at + ${milliseconds('s.pause')}`;
const silent = `w."lastHeartbeatAt" < s.now - ${timeout} AND ${calm}`;

const judged = `
  FROM "Worker" w
  CROSS JOIN (
    SELECT $1::float8 AS timeout, $2::float8 AS delay, $3::float8 AS grace, $4::float8 AS days,
      $5::timestamptz AS since, $6::timestamptz AS at, $7::float8 AS pause,
      date_trunc('milliseconds', now()) AS now
  ) s
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN w.state IN ('CREATED', 'RUNNING', 'MAINTENANCE') AND ${silent} AND w."registeredAt" < s.now - ${delay}
        THEN 'DISCONNECTED'
      WHEN w.state = 'ERROR' AND ${silent} THEN 'TERMINATING'
      WHEN w.state IN ('DISCONNECTED', 'TERMINATING') AND w."stateAt" < s.now - ${grace} AND ${calm} THEN 'NOT_RUNNING'
      WHEN w.state IN ('TERMINATED_GRACEFULLY', 'TERMINATED_FORCED') THEN 'NOT_RUNNING'
      WHEN w.state = 'NOT_RUNNING' AND w."stateAt" < s.now THEN 'INACTIVE'
      WHEN w.state = 'INACTIVE' AND w."stateAt" < s.now - interval '1 day' * s.days THEN 'PURGE'
    END AS verdict
  ) v
  WHERE v.verdict IS NOT NULL`;

/** True if there is a service to check. */
export const anyDue = `SELECT EXISTS (SELECT 1 ${judged}) AS due, date_trunc('milliseconds', now()) AS now`;
/** Services to check, locked. One that is just reporting is left for the next round. */
export const judgement = `SELECT w.*, v.verdict, s.now ${judged} ORDER BY w.id LIMIT ${batch} FOR UPDATE OF w SKIP LOCKED`;

export const parametersOf = (
  { timeoutMs, initialDelayMs, terminationGraceMs, purgeDays }: Liveness,
  { since, at, pauseMs }: Calm,
): unknown[] => [timeoutMs, initialDelayMs, terminationGraceMs, purgeDays, since, at, pauseMs];
