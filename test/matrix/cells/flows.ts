import type { Flow, Trigger } from '../../../src/db/generated/client.ts';
import { newId } from '../../../src/lib/ids.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';
import type { Stage } from '../stage.ts';
import { connection, data, inNamespace, nested, node, type Reading } from '../ways.ts';
import { readsOfFlowRan } from './executions.ts';

const flowId = (stage: Stage) => idOf('Flow', stage.flow);
const triggerId = (stage: Stage) => idOf('Trigger', stage.trigger);
const results = 'results { error { code } }';

/** A new flow with one trigger, and that trigger as the gateway stores it. */
async function fresh(stage: Stage, disabled = false): Promise<{ flow: Flow; trigger: Trigger }> {
  const flow = await stage.newFlow(stage.name('flow'), disabled);
  return { flow, trigger: await stage.world.db.trigger.findFirstOrThrow({ where: { flowKey: flow.id } }) };
}

const onTrigger =
  (field: string, state: Partial<Trigger>, more: object, happened: (trigger: Trigger) => boolean): Attempting =>
  async (stage) => {
    const { trigger } = await fresh(stage);
    const stored = () => stage.world.db.trigger.findUniqueOrThrow({ where: { id: trigger.id } });
    await stage.world.db.trigger.update({ where: { id: trigger.id }, data: state as never });
    const input = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
    const isList = field.endsWith('s') || field.endsWith('Disabled');
    const named = isList
      ? { tenantKey: 'a', triggers: [{ id: idOf('Trigger', trigger) }] }
      : { id: idOf('Trigger', trigger) };
    return attempt(field, input, isList ? results : 'trigger { id }', { ...named, ...more }, async () =>
      happened(await stored()),
    );
  };

const backfill = {
  start: '2026-01-01T00:00:00.000Z',
  end: '2026-02-01T00:00:00.000Z',
  currentDate: '2026-01-02T00:00:00.000Z',
  paused: false,
  inputs: {},
  labels: {},
  previousNextExecutionAt: null,
};
const paused = (trigger: Trigger) => (trigger.backfill as { paused?: boolean } | null)?.paused;

export const mutations: Record<string, Record<string, Attempting>> = {
  'NAMESPACE_FILE:UPDATE': {
    putNamespaceFile: async (stage) => {
      const path = `/${stage.name('file')}.sql`;
      return attempt(
        'putNamespaceFile',
        'PutNamespaceFileInput',
        'file { path }',
        { tenantKey: 'a', namespaceName: 'company.x', path, content: 'SELECT 1' },
        async () => (await stage.world.db.namespaceFile.count({ where: { path } })) === 1,
      );
    },
    deleteNamespaceFile: async (stage) => {
      const path = `/${stage.name('file')}.sql`;
      await stage.newFile(path);
      return attempt(
        'deleteNamespaceFile',
        'DeleteNamespaceFileInput',
        'path',
        { tenantKey: 'a', namespaceName: 'company.x', path },
        async () => (await stage.world.db.namespaceFile.count({ where: { path } })) === 0,
      );
    },
  },
  'FLOW:CREATE': {
    saveFlow: async (stage) => {
      const name = stage.name('flow');
      return attempt(
        'saveFlow',
        'SaveFlowInput',
        'flow { id }',
        { tenantKey: 'a', source: stage.source(name) },
        async () => (await stage.world.db.flow.count({ where: { flowId: name } })) === 1,
      );
    },
    importFlows: async (stage) => {
      const name = stage.name('flow');
      return attempt(
        'importFlows',
        'ImportFlowsInput',
        results,
        { tenantKey: 'a', files: [{ path: 'one.yaml', source: stage.source(name) }] },
        async () => (await stage.world.db.flow.count({ where: { flowId: name } })) === 1,
      );
    },
    restoreFlowRevision: async (stage) => {
      const { flow } = await fresh(stage);
      await stage.removeFlow(flow);
      await stage.besides('FLOW:READ');
      return attempt(
        'restoreFlowRevision',
        'RestoreFlowRevisionInput',
        'flow { id }',
        { tenantKey: 'a', namespaceName: flow.namespace, flowId: flow.flowId, revision: 1 },
        async () => (await stage.world.db.flow.count({ where: { flowId: flow.flowId } })) === 1,
      );
    },
  },
  'FLOW:UPDATE': {
    setFlowsDisabled: async (stage) => {
      const { flow } = await fresh(stage);
      return attempt(
        'setFlowsDisabled',
        'SetFlowsDisabledInput',
        'results { error { code } }',
        { tenantKey: 'a', ids: [idOf('Flow', flow)], disabled: true },
        async () => (await stage.world.db.flow.count({ where: { id: flow.id, disabled: true } })) === 1,
      );
    },
    setFlowDisabled: async (stage) => {
      const { flow } = await fresh(stage);
      return attempt(
        'setFlowDisabled',
        'SetFlowDisabledInput',
        'flow { id }',
        { id: idOf('Flow', flow), disabled: true },
        async () => (await stage.world.db.flow.count({ where: { id: flow.id, disabled: true } })) === 1,
      );
    },
  },
  'FLOW:DELETE': {
    deleteFlows: async (stage) => {
      const { flow } = await fresh(stage);
      return attempt(
        'deleteFlows',
        'DeleteFlowsInput',
        'results { error { code } }',
        { tenantKey: 'a', ids: [idOf('Flow', flow)] },
        async () => (await stage.world.db.flow.count({ where: { id: flow.id } })) === 0,
      );
    },
    deleteFlow: async (stage) => {
      const { flow } = await fresh(stage);
      return attempt(
        'deleteFlow',
        'DeleteFlowInput',
        'deletedId',
        { id: idOf('Flow', flow) },
        async () => (await stage.world.db.flow.count({ where: { id: flow.id } })) === 0,
      );
    },
  },
  'TRIGGER:CREATE': {
    createBackfill: onTrigger(
      'createBackfill',
      {},
      { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' },
      (trigger) => trigger.backfill !== null,
    ),
  },
  'TRIGGER:UPDATE': {
    reportTriggerLogs: async (stage) => {
      const message = stage.name('entry');
      const { namespace: namespaceName, flowId } = stage.flow;
      const entry = {
        namespaceName,
        flowId,
        triggerId: 'daily',
        sequence: '1',
        at: new Date(),
        level: 'INFO',
        message,
      };
      await stage.world.db.triggerLog.deleteMany();
      return attempt(
        'reportTriggerLogs',
        'ReportTriggerLogsInput',
        'results { error { code } }',
        { tenantKey: 'a', serviceId: await stage.service(), logs: [entry] },
        async () => (await stage.world.db.triggerLog.count({ where: { message } })) === 1,
      );
    },
    setTriggersDisabled: onTrigger('setTriggersDisabled', {}, { disabled: true }, ({ disabled }) => disabled),
    unlockTriggers: onTrigger('unlockTriggers', { executionId: 'held' }, {}, ({ executionId }) => executionId === null),
    restartTriggers: onTrigger(
      'restartTriggers',
      { evaluatedAt: new Date() },
      {},
      ({ evaluatedAt }) => evaluatedAt === null,
    ),
    pauseBackfill: onTrigger('pauseBackfill', { backfill }, {}, (trigger) => paused(trigger) === true),
    resumeBackfill: onTrigger(
      'resumeBackfill',
      { backfill: { ...backfill, paused: true } },
      {},
      (trigger) => paused(trigger) === false,
    ),
    deleteBackfill: onTrigger('deleteBackfill', { backfill }, {}, (trigger) => trigger.backfill === null),
  },
  'WORKER:UPDATE': {
    claimTriggers: async (stage) => {
      await stage.world.db.trigger.updateMany({ data: { evaluationStartedAt: new Date(), workerId: 'another' } });
      const { trigger } = await fresh(stage);
      await stage.world.db.trigger.update({
        where: { id: trigger.id },
        data: { nextExecutionAt: new Date(0), workerGroup: '' },
      });
      await stage.besides('TRIGGER:UPDATE');
      const service = await stage.service();
      return attempt('claimTriggers', 'ClaimTriggersInput', 'claims { dueAt }', { serviceId: service }, async () => {
        const { workerId } = await stage.world.db.trigger.findUniqueOrThrow({ where: { id: trigger.id } });
        return workerId === service;
      });
    },
    reportTriggers: async (stage) => {
      const { trigger } = await fresh(stage);
      await stage.besides('TRIGGER:UPDATE');
      const service = await stage.service();
      const claimed = { evaluationStartedAt: new Date(), workerId: service, sequence: 1 };
      await stage.world.db.trigger.update({ where: { id: trigger.id }, data: claimed });
      const report = { trigger: idOf('Trigger', trigger), sequence: '1', dueAt: new Date(), executionId: 'started' };
      return attempt(
        'reportTriggers',
        'ReportTriggersInput',
        results,
        { serviceId: service, reports: [report] },
        async () => {
          const { executionId } = await stage.world.db.trigger.findUniqueOrThrow({ where: { id: trigger.id } });
          return executionId === 'started';
        },
      );
    },
  },
  'TRIGGER:DELETE': {
    deleteTriggers: onTrigger('deleteTriggers', { disabled: true }, {}, ({ disabled }) => !disabled),
  },
};

const triggerLog = async ({ world, a, flow, name }: Stage): Promise<string> => {
  const message = name('line');
  const place = { tenantId: a.id, namespace: flow.namespace, flowId: flow.flowId, triggerId: 'daily' };
  const sequence = BigInt(message.replace(/\D/g, '')) + 1_000n;
  await world.db.triggerLog.create({ data: { id: newId(), ...place, sequence, level: 2, at: new Date(), message } });
  return message;
};

export const reads: Record<string, readonly Reading[]> = {
  FLOW: [
    nested([], '{ tenant(key: "a") { plugins(where: { inUse: true }) { nodes { flowCount } totalCount } } }', (d) =>
      d?.tenant?.plugins?.nodes.some(({ flowCount }: any) => flowCount > 0),
    ),
    ...connection('flows', flowId),
    inNamespace('flows', flowId),
    node(flowId),
    {
      way: 'get',
      sees: async (client, stage) =>
        (
          await data(
            client,
            'query($n: String!) { tenant(key: "a") { flow(namespaceName: "company.x", flowId: $n) { id source } } }',
            { n: stage.flow.flowId },
          )
        )?.tenant?.flow?.id === flowId(stage),
    },
    ...readsOfFlowRan,
    nested(['TRIGGER:READ'], '{ tenant(key: "a") { triggers(first: 100) { nodes { flow { id } } } } }', (d, s) =>
      d?.tenant?.triggers?.nodes.some((n: any) => n.flow?.id === flowId(s)),
    ),
  ],
  TRIGGER: [
    ...connection('triggers', triggerId),
    inNamespace('triggers', triggerId),
    node(triggerId),
    {
      way: 'get',
      sees: async (client, stage) =>
        (
          await data(
            client,
            'query($n: String!) { tenant(key: "a") { trigger(namespaceName: "company.x", flowId: $n, triggerId: "daily") { id } } }',
            { n: stage.flow.flowId },
          )
        )?.tenant?.trigger?.id === triggerId(stage),
    },
    nested(
      ['FLOW:READ'],
      '{ tenant(key: "a") { flows(first: 100) { nodes { triggers { nodes { id } } } } } }',
      (d, s) => d?.tenant?.flows?.nodes.some((f: any) => f.triggers?.nodes.some((n: any) => n.id === triggerId(s))),
    ),
    {
      way: 'list',
      sees: async (client, stage) => {
        const message = await triggerLog(stage);
        const list = '{ tenant(key: "a") { triggerLogs(first: 100) { nodes { message } } } }';
        return (
          (await data(client, list))?.tenant?.triggerLogs?.nodes.some((one: any) => one.message === message) ?? false
        );
      },
    },
    {
      way: 'nested',
      sees: async (client, stage) => {
        const message = await triggerLog(stage);
        const own = 'query($id: ID!) { node(id: $id) { ... on Trigger { logs { nodes { message } } } } }';
        const { node: found } = (await data(client, own, { id: triggerId(stage) })) ?? {};
        return found?.logs?.nodes.some((one: any) => one.message === message) ?? false;
      },
    },
    nested(['FLOW:READ'], '{ tenant(key: "a") { plugins(where: { kind: TRIGGER }) { nodes { flowCount } } } }', (d) =>
      d?.tenant?.plugins?.nodes.some(({ flowCount }: any) => flowCount > 0),
    ),
    nested(
      ['FLOW:READ'],
      '{ tenant(key: "a") { flows(first: 100) { nodes { flowId topology { nodes { id } } } } } }',
      (d, s) =>
        d?.tenant?.flows?.nodes.some(
          (f: any) => f.flowId === s.flow.flowId && f.topology.nodes.some((n: any) => n.id === 'trigger:daily'),
        ),
    ),
  ],
};
