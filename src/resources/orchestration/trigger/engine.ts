import { wakeFollowers } from '../../../db/change-source.ts';
import type { Trigger } from '../../../db/generated/client.ts';
import { rowsOf } from '../../../db/rows/rows.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, type GatehouseError, notFound } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import type { Refused } from '../../../graphql/mutation/items.ts';
import { unreadable } from '../../../graphql/mutation/unreadable-input.ts';
import { requiredTenant, tenantScopes } from '../../../graphql/scopes.ts';
import { started } from '../../../lib/started.ts';
import { reportingService } from '../worker/reporting.ts';
import { allows } from '../worker-group/allowed.ts';
import { type ClaimedTrigger, claimTriggers } from './claims.ts';
import { releaseEnded } from './release-triggers.ts';
import {
  type ReportedState,
  type ReportOutcome,
  reported,
  reportFault,
  storeReported,
  type TriggerReport,
} from './reports.ts';

/** Max number of triggers in one call. */
export const maxBatch = 500;

/**
 * Due triggers for a service, in the tenants where its account has TRIGGER:UPDATE and that its worker group serves.
 * @param tenantKey undefined for all of them.
 */
export async function claimFor(
  tx: Tx,
  context: Context,
  serviceId: string,
  tenantKey: string | undefined,
  limit: number,
): Promise<ClaimedTrigger[]> {
  if (limit < 1 || limit > maxBatch) throw badInput(['input', 'limit'], `The limit must be 1 to ${maxBatch}.`);
  const { session } = context;
  const worker = await reportingService(tx, session.doer, serviceId);
  const group = worker.groupId === null ? null : await tx.workerGroup.findUnique({ where: { id: worker.groupId } });
  const ids =
    tenantKey === undefined
      ? (await tenantScopes(context)).map(({ tenantId }) => tenantId!)
      : [(await requiredTenant(context, tenantKey)).id];
  const scopes = ids.flatMap((tenantId) => {
    if (group && !allows(group, tenantId)) return [];
    const grant = session.may('TRIGGER:UPDATE', { tenantId });
    return grant ? [{ tenantId, where: grant.where }] : [];
  });
  return claimTriggers(tx, worker, group?.key ?? '', scopes, limit);
}

export interface ReportAnswer {
  readonly id: string;
  readonly outcome: ReportOutcome | null;
  readonly error: Refused | null;
}

/** Applies the reports of a service, each independently. */
export async function reportFrom(
  tx: Tx,
  { session }: Context,
  serviceId: string,
  reports: readonly TriggerReport[],
  refusals: GatehouseError[],
): Promise<ReportAnswer[]> {
  if (reports.length === 0 || reports.length > maxBatch)
    throw badInput(['input', 'reports'], `A report must have 1 to ${maxBatch} triggers.`);
  const ids = [...new Set(reports.map(({ id }) => id))];
  const service = started(reportingService(tx, session.doer, serviceId));
  const locked = started(rowsOf(tx).allLocked('Trigger', ids));
  await service;
  const rows = new Map(((await locked) as Trigger[]).map((row) => [row.id, row]));
  const states = new Map<string, ReportedState>();
  const now = new Date();
  const refused = (id: string, error: GatehouseError): ReportAnswer => {
    refusals.push(error);
    return { id, outcome: null, error: { error } };
  };
  const answers = reports.map((report): ReportAnswer => {
    const unread = unreadable(report) ?? report.wrong;
    if (unread) return { id: report.id, outcome: null, error: { error: unread } };
    const row = rows.get(report.id);
    if (!row) return refused(report.id, notFound('The trigger'));
    const grant = session.may('TRIGGER:UPDATE', { tenantId: row.tenantId });
    if (!grant?.matches(row)) return refused(report.id, notFound('The trigger'));
    const wrong = reportFault(row, report, now);
    if (wrong) return { id: report.id, outcome: null, error: { error: wrong } };
    const state = reported(row, report, serviceId, now);
    if (!state) return { id: report.id, outcome: 'IGNORED', error: null };
    states.set(row.id, state);
    // A later report of the same trigger sees this state.
    rows.set(row.id, { ...row, ...state } as unknown as Trigger);
    return { id: report.id, outcome: 'APPLIED', error: null };
  });
  storeReported(tx, states);
  await releaseEnded(
    tx,
    [...states.keys()].map((id) => rows.get(id)!),
  );
  for (const id of states.keys()) wakeFollowers(tx, 'Trigger', rows.get(id)!.tenantId);
  return answers;
}
