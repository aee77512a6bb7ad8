import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { type Engine, engineOf, reportOf } from '../support/engine.ts';
import { addFlow, engineId } from '../support/executions.ts';
import { flowSource } from '../support/flows.ts';
import { World } from '../support/world.ts';

const nul = '\u0000';
const half = '\ud800';
const at = '2026-01-01T12:00:00Z';
const selected = 'results { outcome error { code message details } }';

describe('one invalid item of a report or an import', () => {
  let world: World;
  let main: Tenant;
  let engine: Engine;
  let editor: Client;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    await addFlow(world, main, 'company.x', 'hello');
    engine = await engineOf(world, main);
    const user = await world.user('editor', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Admin'));
    editor = await world.as(user);
  });
  afterAll(() => world.close());

  const input = (rest: object) => ({ tenantKey: 'main', serviceId: engine.service, ...rest });
  const listed = (results: any[]) =>
    results.map(({ outcome, error }) => [
      outcome ?? error.code,
      ...(error?.details.issues ?? []).map(({ path }: any) => path.join('.')),
    ]);

  it('does not refuse other log entries, and keeps a message without the characters that cannot be stored', async () => {
    const id = engineId();
    await engine.report([reportOf(id, 1, ['RUNNING'])]);
    const line = { executionId: id, at, level: 'INFO', message: 'fine' };
    const logs = [
      { ...line, sequence: '1' },
      { ...line, sequence: '2', message: `half ${half} and ${nul} none`, thread: `main${nul}` },
      { ...line, sequence: '3', taskId: `a${nul}` },
      { ...line, sequence: '4', level: 'NOTICE' },
      { ...line, sequence: '5', at: '2026-02-30T12:00:00Z' },
      { ...line, sequence: '6', message: null },
      { ...line, sequence: 2 ** 53 },
      { ...line, sequence: '8' },
      null,
    ];
    const report = call('reportLogs', selected);
    const { reportLogs } = await engine.client.ok<any>(report, { i: input({ logs }) });
    expect(listed(reportLogs.results)).toEqual([
      ['APPLIED'],
      ['APPLIED'],
      ['BAD_INPUT', 'input.logs.2.taskId'],
      ['BAD_INPUT', 'input.logs.3.level'],
      ['BAD_INPUT', 'input.logs.4.at'],
      ['BAD_INPUT', 'input.logs.5.message'],
      ['BAD_INPUT', 'input.logs.6.sequence'],
      ['APPLIED'],
      ['BAD_INPUT', 'input.logs.8'],
    ]);
    const stored = await world.db.logEntry.findMany({
      where: { execution: { executionId: id } },
      orderBy: { sequence: 'asc' },
    });
    expect(stored.map(({ sequence, message, thread }) => [Number(sequence), message, thread])).toEqual([
      [1, 'fine', null],
      [2, 'half \ufffd and \ufffd none', 'main\ufffd'],
      [8, 'fine', null],
    ]);
    // The list as a separate variable.
    const own = `mutation($s: String!, $l: [LogReport!]!) { reportLogs(input: { tenantKey: "main", serviceId: $s, logs: $l }) { ${selected} } }`;
    const again = await engine.client.ok<any>(own, { s: engine.service, l: [logs[3], { ...line, sequence: '9' }] });
    expect(listed(again.reportLogs.results)).toEqual([['BAD_INPUT', 'input.logs.0.level'], ['APPLIED']]);
  });

  it('does not refuse other executions, task runs and metrics', async () => {
    const [first, second, third] = [engineId(), engineId(), engineId()];
    const odd = { outputs: { [`k${nul}`]: `v${half}`, 'k\ufffd': 2, deep: [`x${nul}`] }, labels: { a: `b${nul}` } };
    const executions = [
      reportOf(first, 1, ['RUNNING'], odd),
      reportOf(`x${nul}`, 1, ['RUNNING']),
      reportOf(second, 1, ['RUNNING', 'HIBERNATING']),
      reportOf(third, 1, ['RUNNING'], { outputs: { id: 2 ** 53 } }),
      reportOf(second, 1, ['RUNNING'], {
        taskRuns: [{ taskRunId: 'r', taskId: 't', value: `v${nul}`, history: [{ state: 'RUNNING', at }] }],
      }),
    ];
    const taskRuns = [
      { executionId: first, taskRunId: 'r1', taskId: 't', sequence: '1', history: [{ state: 'ODD', at }] },
      { executionId: first, taskRunId: 'r2', taskId: 't', sequence: '1', history: [{ state: 'RUNNING', at }] },
    ];
    const report = call('reportExecutions', `${selected} taskRunResults { outcome error { code details } }`);
    const { reportExecutions } = await engine.client.ok<any>(report, { i: input({ executions, taskRuns }) });
    expect(listed(reportExecutions.results)).toEqual([
      ['APPLIED'],
      ['BAD_INPUT', 'input.executions.1.executionId'],
      ['BAD_INPUT', 'input.executions.2.history.1.state'],
      ['BAD_INPUT', 'input.executions.3.outputs'],
      ['APPLIED'],
    ]);
    expect(listed(reportExecutions.taskRunResults)).toEqual([
      ['BAD_INPUT', 'input.taskRuns.0.history.0.state'],
      ['APPLIED'],
    ]);
    expect(reportExecutions.results[2].error.message).toContain('HIBERNATING');
    expect(await world.db.execution.findFirst({ where: { executionId: first } })).toMatchObject({
      outputs: { 'k\ufffd': 2, 'k\ufffd\ufffd': 'v\ufffd', deep: ['x\ufffd'] },
      labels: { a: 'b\ufffd' },
    });
    const metric = { executionId: first, at, name: 'rows', value: 1 };
    const metrics = [
      { ...metric, sequence: '1', type: 'HISTOGRAM' },
      { ...metric, sequence: '2', type: 'GAUGE', value: null },
      { ...metric, sequence: '3', type: 'GAUGE', tags: { a: nul } },
    ];
    const answer = await engine.client.ok<any>(call('reportMetrics', selected), { i: input({ metrics }) });
    expect(listed(answer.reportMetrics.results)).toEqual([
      ['BAD_INPUT', 'input.metrics.0.type'],
      ['BAD_INPUT', 'input.metrics.1.value'],
      ['APPLIED'],
    ]);
    expect(world.log).toEqual([]);
  });

  it('does not refuse other trigger reports and heartbeats; an unknown type of service is INVALID', async () => {
    const good = Buffer.from('Trigger:none').toString('base64');
    const reports = [
      { trigger: 'no id', sequence: '1', dueAt: at },
      { trigger: good, sequence: '1', dueAt: 'yesterday' },
      { trigger: good, sequence: '1', dueAt: at },
    ];
    const register = call('registerService', 'worker { type }');
    const service = { serviceId: 'of-tomorrow', type: 'KEEPER' };
    expect((await world.root().ok<any>(register, { i: service })).registerService.worker.type).toBe('INVALID');
    const reporting = { i: { serviceId: service.serviceId, reports } };
    const answer = await world.root().ok<any>(call('reportTriggers', selected), reporting);
    expect(listed(answer.reportTriggers.results)).toEqual([
      ['BAD_INPUT', 'input.reports.0.trigger'],
      ['BAD_INPUT', 'input.reports.1.dueAt'],
      ['NOT_FOUND'],
    ]);
    const heartbeat = call('heartbeat', 'worker { state }');
    const beat = (state: string) => ({ serviceId: 'of-tomorrow', sequence: '1', state });
    const { errors } = await world.root().run<any>(heartbeat, { i: beat('DREAMING') });
    expect(errors).toMatchObject([{ path: ['heartbeat'], extensions: { code: 'BAD_INPUT' } }]);
    expect(errors[0]!.message).toContain('DREAMING');
  });

  it('is reported with the line of its file, if the file has several flows', async () => {
    const two = `# several\n---\n${flowSource('company.x', 'one')}--- # the next\n${flowSource('company.x', 'two')}---\nid: bad\n...\n# the end\n`;
    const files = [
      { path: 'many.yml', source: two },
      { path: 'e.yml', source: `---\n${flowSource('company.x', 'e')}` },
    ];
    const many = call('importFlows', 'results { path document outcome flow { source } error { code details } }');
    const { importFlows } = await editor.ok<any>(many, { i: { tenantKey: 'main', files } });
    const listed = importFlows.results.map((r: any) => [r.path, r.document, r.outcome, r.error?.details.issues[0]]);
    // The document begins with its marker.
    const line = two.split('\n').indexOf('id: bad');
    expect(listed).toEqual([
      ['many.yml', 1, 'CREATED', undefined],
      ['many.yml', 2, 'CREATED', undefined],
      ['many.yml', 3, null, expect.objectContaining({ path: ['input', 'files', 0, 'source', 'namespace'], line })],
      ['e.yml', 1, 'CREATED', undefined],
    ]);
    expect(importFlows.results[1].flow.source).toBe(`--- # the next\n${flowSource('company.x', 'two')}`);
    expect(importFlows.results[3].flow.source).toBe(files[1]!.source);
  });

  it('does not refuse other flow files, and is reported with its line', async () => {
    const files = [
      { path: 'a.yml', source: flowSource('company.x', 'a') },
      { path: `b${nul}.yml`, source: `${flowSource('company.x', 'b')}# ${nul}\n` },
      { path: 'c.yml', source: `# ${half}\n${flowSource('company.x', 'c')}` },
      { path: 'd.yml', source: flowSource('company.x', 'd') },
    ];
    const many = call('importFlows', 'results { path outcome error { code details } }');
    const { importFlows } = await editor.ok<any>(many, { i: { tenantKey: 'main', files } });
    const lines = importFlows.results.map((r: any) => [r.outcome, r.error?.details.issues[0].line ?? null]);
    expect(lines).toEqual([
      ['CREATED', null],
      [null, files[1]!.source.split('\n').length - 1],
      [null, 1],
      ['CREATED', null],
    ]);
    const valid = call('validateFlow', 'valid issues { line message }');
    const { validateFlow } = await editor.ok<any>(valid, { i: { tenantKey: 'main', source: files[2]!.source } });
    expect(validateFlow).toMatchObject({
      valid: false,
      issues: [{ line: 1, message: expect.stringContaining('U+D800') }],
    });
    expect(world.log).toEqual([]);
  });
});
