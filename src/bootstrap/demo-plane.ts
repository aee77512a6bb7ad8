import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TenantRef } from '../access/tenant-ref.ts';
import type { Liveness } from '../config.ts';
import type { Tx } from '../db/transaction.ts';
import { asSystem } from '../policy/session/system.ts';
import { reportLogs, reportMetrics } from '../resources/orchestration/execution/parts-report.ts';
import { reportExecutions } from '../resources/orchestration/execution/report.ts';
import type { ExecutionState } from '../resources/orchestration/execution/states.ts';
import { checkedSource, saveFlow } from '../resources/orchestration/flow/service.ts';
import type { FlowSource } from '../resources/orchestration/flow/source.ts';
import { putFile } from '../resources/orchestration/namespace/files.ts';
import { registerService } from '../resources/orchestration/worker/service.ts';
import { createWorkerGroup } from '../resources/orchestration/worker-group/service.ts';

const reason = 'demo organisation';
const folder = join(import.meta.dirname, 'demo-flows');
const dayMs = 86_400_000;
/** The demo's workers send no heartbeats: they are exempt from liveness checks. */
const never = { timeoutMs: 3_650 * dayMs, initialDelayMs: 3_650 * dayMs };

/** Pseudo-random numbers from 0 to 1, the same each time: all demos look alike. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** Flows with their triggers, files, workers, and executions of the last seven days. */
export async function loadDemoPlane(tx: Tx, tenant: TenantRef, liveness: Liveness, now: Date): Promise<void> {
  const create = asSystem('FLOW:CREATE', reason, tenant.id);
  const flows: FlowSource[] = [];
  for (const file of readdirSync(folder).sort()) {
    const source = readFileSync(join(folder, file), 'utf8');
    const read = checkedSource(source);
    await saveFlow(tx, { create }, tenant, { source, read });
    flows.push(read);
  }
  const script = Buffer.from('import csv\n\n# Joins the customers of both shops by their e-mail addresses.\n');
  await putFile(
    tx,
    asSystem('NAMESPACE:UPDATE', reason, tenant.id),
    tenant,
    'company.data.ingest',
    '/merge.py',
    script,
  );
  await createWorkerGroup(tx, asSystem('WORKER_GROUP:CREATE', reason), () => true, {
    key: 'gpu',
    description: 'Machines with graphics cards.',
    allowedTenantKeys: [tenant.key],
  });
  const register = asSystem('WORKER:CREATE', reason);
  for (const [serviceId, type, workerGroupKey] of [
    ['demo-executor', 'EXECUTOR', null],
    ['demo-scheduler', 'SCHEDULER', null],
    ['demo-worker-1', 'WORKER', null],
    ['demo-worker-2', 'WORKER', 'gpu'],
  ] as const) {
    const hostname = `${serviceId}.company.example`;
    await registerService(tx, register, liveness, {
      serviceId,
      type,
      workerGroupKey,
      hostname,
      version: '1.0.0',
      timings: never,
    });
  }
  await tx.worker.updateMany({ where: { state: 'CREATED' }, data: { state: 'RUNNING' } });
  await loadExecutions(tx, tenant, flows, now);
}

/** Number and outcome of a flow's executions on a day. */
const runsADay = 6;
const endings: readonly [number, ExecutionState][] = [
  [0.85, 'SUCCESS'],
  [0.9, 'WARNING'],
  [0.97, 'FAILED'],
  [1, 'KILLED'],
];

async function loadExecutions(tx: Tx, tenant: TenantRef, flows: readonly FlowSource[], now: Date): Promise<void> {
  const next = numbers(20_260_101);
  const updating = asSystem('EXECUTION:UPDATE', reason, tenant.id);
  const creating = asSystem('EXECUTION:CREATE', reason, tenant.id);
  const reporter = { tenantId: tenant.id, updating, creating, refusals: [] };
  const runs = flows
    .filter(({ triggers }) => triggers.some(({ disabled }) => !disabled))
    .flatMap((flow) =>
      Array.from({ length: 7 * runsADay }, (_, i) =>
        run(flow, new Date(now.getTime() - (i + next()) * (dayMs / runsADay)), next, now),
      ),
    );
  for (let i = 0; i < runs.length; i += 100) {
    const part = runs.slice(i, i + 100);
    await reportExecutions(tx, reporter, { executions: part.map(({ execution }) => execution), taskRuns: [] });
    await reportLogs(
      tx,
      reporter,
      part.flatMap(({ logs }) => logs),
    );
    await reportMetrics(
      tx,
      reporter,
      part.flatMap(({ metrics }) => metrics),
    );
  }
  await tx.$executeRaw`
    UPDATE "Trigger" t SET "lastExecutionId" = e."executionId", "lastTriggeredAt" = e."startedAt"
    FROM (SELECT DISTINCT ON (namespace, "flowId", "triggerId") * FROM "Execution" WHERE "tenantId" = ${tenant.id}
          ORDER BY namespace, "flowId", "triggerId", "startedAt" DESC) e
    WHERE t."tenantId" = e."tenantId" AND t.namespace = e.namespace AND t."flowId" = e."flowId"
      AND t."triggerId" = e."triggerId"`;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** One execution with its task runs, log and metrics. The latest can still run. */
function run(
  { namespace, flowId, tasks, triggers, labels }: FlowSource,
  startedAt: Date,
  next: () => number,
  now: Date,
) {
  const executionId = Array.from({ length: 22 }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
  const at = (milliseconds: number) => new Date(startedAt.getTime() + milliseconds);
  const lasts = 20_000 + Math.floor(next() * 240_000);
  const chance = next();
  const end = at(lasts) > now ? undefined : endings.find(([upTo]) => chance <= upTo)![1];
  const steps = tasks.filter(
    ({ branch, type }) => branch !== 'errors' && branch !== 'else' && !type.includes('.flow.'),
  );
  const each = lasts / steps.length;
  const taskRuns = steps.map(({ id }, i) => {
    const isLast = i === steps.length - 1;
    const ended = at((i + 1) * each);
    const state: ExecutionState = !isLast || end === undefined ? 'SUCCESS' : end;
    return {
      taskRunId: `${executionId}-${i}`,
      taskId: id,
      history: [
        { state: 'CREATED' as const, at: at(i * each) },
        { state: 'RUNNING' as const, at: at(i * each + 50) },
        ...(end === undefined && isLast ? [] : [{ state, at: ended }]),
      ],
      outputs: { rows: Math.floor(next() * 10_000) },
    };
  });
  const execution = {
    executionId,
    sequence: 1n,
    namespaceName: namespace,
    flowId,
    revision: 1,
    triggerId: triggers[0]?.id ?? null,
    labels,
    history: [
      { state: 'CREATED' as const, at: at(0) },
      { state: 'RUNNING' as const, at: at(40) },
      ...(end === undefined ? [] : [{ state: end, at: at(lasts) }]),
    ],
    outputs: end === 'SUCCESS' ? { rows: Math.floor(next() * 10_000) } : {},
    taskRuns,
  };
  const logs = steps.map(({ id }, i) => {
    const isBad = i === steps.length - 1 && (end === 'FAILED' || end === 'WARNING');
    return {
      executionId,
      sequence: BigInt(i + 1),
      at: at(i * each + 100),
      taskId: id,
      taskRunId: `${executionId}-${i}`,
      level: isBad ? (end === 'FAILED' ? ('ERROR' as const) : ('WARN' as const)) : ('INFO' as const),
      message: isBad ? `${id} timed out waiting for the remote system` : `${id} is done`,
    };
  });
  const metrics = steps.map(({ id }, i) => ({
    executionId,
    sequence: BigInt(i + 1),
    at: at((i + 1) * each),
    taskId: id,
    taskRunId: `${executionId}-${i}`,
    type: 'TIMER',
    name: 'duration',
    value: Math.round(each) / 1_000,
    tags: { task: id },
  }));
  return { execution, logs, metrics };
}
