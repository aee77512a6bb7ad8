import type { Grant, Row } from '../../../access/grant.ts';
import type { Tx } from '../../../db/transaction.ts';
import { GatehouseError, notFound } from '../../../errors.ts';

/** Result of one item of a report. */
export interface ReportResult {
  /** IGNORED: a report of the same or a later sequence is stored. Null: refused. */
  readonly outcome: 'APPLIED' | 'IGNORED' | null;
  readonly error: GatehouseError | null;
}
export const applied: ReportResult = { outcome: 'APPLIED', error: null };
export const ignored: ReportResult = { outcome: 'IGNORED', error: null };
export const refused = (error: GatehouseError): ReportResult => ({ outcome: null, error });

export const maxReport = 500;

/** The error for a row out of reach. It does not reveal a row that the doer cannot read. */
export function outOfReach(grant: Grant, row: Row, what = 'The execution'): GatehouseError {
  const error = grant.refusalOf(row) as GatehouseError;
  return grant.mayRead(row) ? error : Object.assign(notFound(what), { evidence: error.evidence });
}

/** Processes one item. Its error becomes its result. A refusal by a decision is noted for the record. */
export async function answer(
  refusals: GatehouseError[],
  work: () => ReportResult | Promise<ReportResult>,
): Promise<ReportResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    if (error.evidence !== undefined) refusals.push(error);
    return refused(error);
  }
}

/** A row of Execution without inputs and outputs. */
export interface KnownExecution extends Row {
  readonly id: string;
  readonly tenantId: string;
  readonly executionId: string;
  readonly namespace: string;
  readonly flowId: string;
  readonly state: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly durationMs: bigint;
  readonly labels: unknown;
  readonly triggerId: string | null;
  readonly sequence: bigint;
  readonly deletionAsked: boolean;
}

const columns = `id, "tenantId", "executionId", namespace, "flowId", revision, state, "startedAt", "endedAt", "durationMs",
  labels, "triggerId", "parentId", "originalId", sequence, "deletionAsked", changed, "createdAt", "updatedAt"`;

/**
 * The existing executions with these IDs, locked in order of ID until the end of the transaction: FOR NO KEY UPDATE to
 * change them, FOR KEY SHARE to keep them from being deleted.
 */
export async function lockExecutions(
  tx: Tx,
  tenantId: string,
  executionIds: readonly string[],
  lock: 'FOR NO KEY UPDATE' | 'FOR KEY SHARE',
): Promise<Map<string, KnownExecution>> {
  const rows = await tx.$queryRawUnsafe<KnownExecution[]>(
    `SELECT ${columns} FROM "Execution" WHERE "tenantId" = $1 AND "executionId" = ANY($2) ORDER BY "executionId" ${lock}`,
    tenantId,
    [...new Set(executionIds)],
  );
  return new Map(rows.map((row) => [row.executionId, row]));
}

/** The service that reports, and its tenant. */
export interface Reporter {
  readonly tenantId: string;
  readonly updating: Grant<'EXECUTION:UPDATE'>;
  /** Grant for creations, or the error if it is not allowed to create executions. */
  readonly creating: Grant<'EXECUTION:CREATE'> | GatehouseError;
  /** Collects refusals of decisions, for the record. */
  readonly refusals: GatehouseError[];
  /** The check of the service, while it runs. It shares a round trip with the first statement of the report. */
  readonly service?: Promise<unknown>;
}
