import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../src/db/generated/client.ts';
import { readFlow } from '../../src/resources/orchestration/flow/source.ts';
import { call } from '../support/call.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { idOf, World } from '../support/world.ts';

const save = call('saveFlow', 'outcome flow { id namespaceName flowId revision source disabled declaredDisabled }');
const importMany = call(
  'importFlows',
  'results { path outcome flow { flowId revision } error { code message details } }',
);
const one = (select: string) =>
  `query($n: String!, $f: String!) { tenant(key: "main") { flow(namespaceName: $n, flowId: $f) { ${select} } } }`;

describe('flows', () => {
  let world: World;
  let main: Tenant;
  let editor: Client;
  let next = 0;
  const name = (prefix = 'flow') => `${prefix}-${next++}`;

  beforeAll(async () => {
    world = await World.create({ gateways: 2 });
    main = await world.tenant('main');
    const user = await world.user('editor', [main]);
    await world.bind(main, { principal: user }, await world.managed(main, 'Admin'));
    editor = await world.as(user);
  });
  afterAll(() => world.close());

  const put = (source: string, more: object = {}, client = editor) =>
    client.run<any>(save, { i: { tenantKey: 'main', source, ...more } });
  const done = async (source: string, more: object = {}) => {
    const { data, errors } = await put(source, more);
    expect(errors).toEqual([]);
    return data!.saveFlow;
  };
  const flow = async (flowId: string, select: string, namespace = 'company.data', client = editor) =>
    (await client.ok<any>(one(select), { n: namespace, f: flowId })).tenant.flow;
  const counts = async () => ({
    flows: await world.db.flow.count(),
    revisions: await world.db.flowRevision.count(),
    triggers: await world.db.trigger.count(),
    namespaces: await world.db.namespace.count(),
    events: await world.db.auditEvent.count({ where: { outcome: 'SUCCESS' } }),
  });

  it('are stored and returned byte for byte', async () => {
    const flowId = name();
    const source = `# ünïcode 🙂 and blanks   \r\n${flowSource('company.data', flowId).replaceAll('\n', '\r\n')}\r\n\r\n`;
    const saved = await done(source);
    expect(saved).toMatchObject({
      outcome: 'CREATED',
      flow: { flowId, namespaceName: 'company.data', revision: 1, source },
    });
    expect((await flow(flowId, 'source')).source).toBe(source);
  });

  it('number their revisions; an equal source creates none; an unseen revision is not overwritten', async () => {
    const flowId = name();
    const source = flowSource('company.data', flowId);
    await done(source, { expectedRevision: 0 });
    const events = (await counts()).events;
    expect((await done(source)).outcome).toBe('UNCHANGED');
    expect((await counts()).events).toBe(events);
    expect((await put(`${source}# more\n`, { expectedRevision: 0 })).errors[0]?.extensions.code).toBe('CONFLICT');
    expect(await done(`${source}# more\n`, { expectedRevision: 1 })).toMatchObject({
      outcome: 'UPDATED',
      flow: { revision: 2 },
    });
    const codes = (await put(flowSource('company.data', name()), { expectedRevision: 3 })).errors;
    expect(codes[0]?.extensions.code).toBe('NOT_FOUND');
    const { revisions, difference } = await flow(
      flowId,
      'revisions { totalCount nodes { revision source authorName } } difference(from: 1)',
    );
    expect(revisions.totalCount).toBe(2);
    expect(revisions.nodes.map((r: any) => [r.revision, r.authorName])).toEqual([
      [2, 'editor'],
      [1, 'editor'],
    ]);
    expect(difference).toContain('+# more');
    expect(difference.split('\n').filter((line: string) => /^[-+][^-+]/.test(line))).toEqual(['+# more']);
  });

  it('restore an earlier revision as a new one, also after their deletion', async () => {
    const flowId = name();
    const source = flowSource('company.data', flowId);
    await done(source);
    const { flow: latest } = await done(source.replace('Brings', 'Fetches'));
    const restore = call('restoreFlowRevision', 'outcome flow { id revision source }');
    const input = { tenantKey: 'main', namespaceName: 'company.data', flowId, revision: 1 };
    expect((await editor.ok<any>(restore, { i: input })).restoreFlowRevision).toMatchObject({
      outcome: 'UPDATED',
      flow: { revision: 3, source },
    });
    expect(await editor.codes(restore, { i: { ...input, revision: 9 } })).toEqual(['NOT_FOUND']);
    expect(await editor.codes(restore, { i: { ...input, revision: 0 } })).toEqual(['BAD_INPUT']);
    await editor.ok(call('deleteFlow', 'deletedId'), { i: { id: latest.id } });
    expect(await flow(flowId, 'id')).toBeNull();
    expect((await editor.ok<any>(restore, { i: { ...input, revision: 2 } })).restoreFlowRevision).toMatchObject({
      outcome: 'CREATED',
      flow: { revision: 4 },
    });
    // The response would show a source that the caller cannot read.
    const blind = await world.user(name('blind'), [main]);
    await world.grant(main, blind, ['FLOW:CREATE', 'FLOW:UPDATE'], 'company');
    expect(await (await world.as(blind)).codes(restore, { i: input })).toEqual(['FORBIDDEN']);
    // Not without FLOW:CREATE there, and without revealing whether such a revision exists.
    const outsider = await world.user(name('outsider'), [main]);
    await world.grant(main, outsider, ['FLOW:CREATE', 'FLOW:UPDATE', 'FLOW:READ'], 'other');
    const client = await world.as(outsider);
    const codes = [1, 9].map((revision) => client.codes(restore, { i: { ...input, revision } }));
    expect(await Promise.all(codes)).toEqual([['FORBIDDEN'], ['FORBIDDEN']]);
    const gone = ['gone-1', 'gone-2'].map((id) => client.codes(restore, { i: { ...input, flowId: id } }));
    expect(await Promise.all(gone)).toEqual([['FORBIDDEN'], ['FORBIDDEN']]);
  });

  const head = 'id: x\nnamespace: company.data\n';
  const task = 'tasks:\n  - id: a\n    type: t\n';
  const bad: [string, string, [number, RegExp][]][] = [
    ['no YAML', 'id: x\n\tnamespace: y', [[2, /Tabs/]]],
    [
      'nothing',
      '',
      [
        [1, /requires an id/],
        [1, /requires a namespace/],
        [1, /field is required/],
      ],
    ],
    ['a text', 'hello', [[1, /A flow must be a map/]]],
    ['two documents', `${head}${task}---\nid: y`, [[6, /documents/]]],
    ['an id with a blank', `id: a b\nnamespace: company.data\n${task}`, [[1, /flow ID/]]],
    ['an id that is no text', `id: 7\nnamespace: company.data\n${task}`, [[1, /quotes/]]],
    ['an id of 101 characters', `id: ${'a'.repeat(101)}\nnamespace: company.data\n${task}`, [[1, /100/]]],
    ['a namespace a..b', `id: x\nnamespace: a..b\n${task}`, [[2, /namespace/]]],
    ['a namespace that ends in a dot', `id: x\nnamespace: a.\n${task}`, [[2, /namespace/]]],
    ['no tasks', `${head}tasks: []\n`, [[3, /at least one/]]],
    ['tasks that are no list', `${head}tasks: {}\n`, [[3, /list/]]],
    ['a task of the same id', `${head}${task}  - id: a\n    type: t\n`, [[6, /already exists in line 4/]]],
    [
      'one nested in another',
      `${head}${task}    tasks:\n      - id: b\n        type: t\n        then:\n          - id: a\n            type: t\n`,
      [[10, /already exists in line 4/]],
    ],
    ['a task without a type', `${head}tasks:\n  - id: a\n`, [[4, /type/]]],
    ['a task that is a text', `${head}tasks:\n  - a\n`, [[4, /map with id/]]],
    ['a nested list that is none', `${head}${task}    then: 5\n`, [[6, /list of tasks/]]],
    ['a label of the orchestrator', `${head}${task}labels:\n  system.user: me\n`, [[7, /system\./]]],
    [
      'two inputs of a name',
      `${head}${task}inputs:\n  - {id: i, type: INT}\n  - {id: i, type: INT}\n`,
      [[8, /given twice/]],
    ],
    [
      'a trigger of the same id',
      `${head}${task}triggers:\n  - {id: s, type: x.Webhook}\n  - {id: s, type: x.Webhook}\n`,
      [[8, /already exists in line 7/]],
    ],
    ['a schedule without cron', `${head}${task}triggers:\n  - {id: s, type: x.Schedule}\n`, [[7, /cron/]]],
    [
      'a cron that never fires',
      `${head}${task}triggers:\n  - id: s\n    type: x.Schedule\n    cron: 0 0 30 2 *\n`,
      [[9, /never fires/]],
    ],
    ['no cron', `${head}${task}triggers:\n  - id: s\n    type: x.Schedule\n    cron: often\n`, [[9, /Invalid cron/]]],
    [
      'no time zone',
      `${head}${task}triggers:\n  - id: s\n    type: x.Schedule\n    cron: 0 0 * * *\n    timezone: Mars/North\n`,
      [[10, /not a time zone/]],
    ],
    [
      'an interval of nothing',
      `${head}${task}triggers:\n  - id: s\n    type: x.Trigger\n    interval: PT0S\n`,
      [[9, /one second/]],
    ],
    ['a text of brackets', `a: ${'['.repeat(50_000)}`, [[1, /nested too deeply/]]],
    ['too many levels', `${head}tasks: ${'['.repeat(100)}${']'.repeat(100)}`, [[3, /60 levels deep/]]],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${Array(9).fill('*a').join()}]\nc: &c [${Array(9).fill('*b').join()}]\nd: [${Array(9).fill('*c').join()}]\n`,
      [[1, /alias/]],
    ],
    ['an alias of itself', 'a: &a [*a]', [[1, /60 levels deep/]]],
    ['600,000 bytes', `${head}${task}# ${'x'.repeat(600_000)}`, [[1, /500000 bytes/]]],
  ];
  it.each(bad)('are refused for %s, with its line, and nothing is written', async (_what, source, faults) => {
    const before = await counts();
    const { errors } = await put(source);
    expect(errors[0]?.extensions.code).toBe('BAD_INPUT');
    const issues = errors[0]!.extensions['issues'] as { line: number; message: string; path: unknown[] }[];
    for (const [line, message] of faults)
      expect(issues).toContainEqual(expect.objectContaining({ line, message: expect.stringMatching(message) }));
    expect(issues.every(({ path }) => path[0] === 'input' && path[1] === 'source')).toBe(true);
    expect(await counts()).toEqual(before);
    const { validateFlow } = await editor.ok<any>(call('validateFlow', 'valid issues { line message path }'), {
      i: { tenantKey: 'main', source },
    });
    expect(validateFlow.valid).toBe(false);
    expect(validateFlow.issues.map(({ line }: any) => line)).toEqual(issues.map(({ line }) => line));
  });

  it('of ten million bytes are refused before they are parsed', async () => {
    const { status, errors } = await put(`${head}${task}# ${'x'.repeat(10_000_000)}`);
    expect([status, errors[0]?.extensions.code]).toEqual([413, 'LIMIT_EXCEEDED']);
  });

  it('report all faults at once, each with its line', () => {
    const read = readFlow('id: a b\nnamespace: A\ntasks:\n  - id: "-"\n    type: ""\ntriggers: 5\n');
    expect(read.ok).toBe(false);
    if (!read.ok) expect(read.issues.map(({ line }) => line)).toEqual([1, 2, 4, 5, 6]);
  });

  it('return nested tasks, and a graph of them', async () => {
    const flowId = name();
    await done(`id: ${flowId}
namespace: company.data
tasks:
  - id: check
    type: io.example.flow.If
    then:
      - { id: all, type: io.example.flow.Parallel, tasks: [{ id: p1, type: t.A }, { id: p2, type: t.B }] }
    else:
      - { id: no, type: t.Log }
  - id: graph
    type: io.example.flow.Dag
    tasks:
      - task: { id: d1, type: t.A }
      - task: { id: d2, type: t.B }
        dependsOn: [d1]
errors:
  - { id: alarm, type: t.Mail }
triggers:
  - { id: hook, type: io.example.core.trigger.Webhook, key: k }
`);
    const {
      tasks,
      topology,
      taskCount,
      task: part,
    } = await flow(
      flowId,
      'taskCount tasks { id parentId branch dependsOn } topology { nodes { id kind parent } edges { from to kind label } } task(id: "no") { source }',
    );
    expect(taskCount).toBe(3);
    expect(tasks.map((t: any) => [t.id, t.parentId, t.branch])).toEqual([
      ['check', null, 'tasks'],
      ['all', 'check', 'then'],
      ['p1', 'all', 'tasks'],
      ['p2', 'all', 'tasks'],
      ['no', 'check', 'else'],
      ['graph', null, 'tasks'],
      ['d1', 'graph', 'tasks'],
      ['d2', 'graph', 'tasks'],
      ['alarm', null, 'errors'],
    ]);
    expect(part.source.trim()).toBe('{ id: no, type: t.Log }');
    const edges = topology.edges.map((e: any) => `${e.from} ${e.kind}${e.label ? `(${e.label})` : ''} ${e.to}`).sort();
    expect(edges).toEqual(
      [
        'trigger:hook TRIGGER task:check',
        'task:check SEQUENCE task:graph',
        'task:check CHILD(then) task:all',
        'task:check CHILD(else) task:no',
        'task:all CHILD task:p1',
        'task:all CHILD task:p2',
        'task:graph CHILD task:d1',
        'task:d1 DEPENDENCY task:d2',
      ].sort(),
    );
  });

  it('return their dependencies in both directions, without those that the viewer cannot read', async () => {
    const [parent, child, waiting] = [name('parent'), name('child'), name('waiting')];
    await done(flowSource('company.data', child));
    await done(`id: ${parent}
namespace: company.data
tasks:
  - { id: run, type: io.example.core.flow.Subflow, namespace: "{{ flow.namespace }}", flowId: ${child} }
  - { id: later, type: io.example.core.flow.Subflow, namespace: "{{ inputs.where }}", flowId: ${child} }
`);
    await done(`id: ${waiting}
namespace: company.hidden
tasks: [{ id: a, type: t.A }]
triggers:
  - id: after
    type: io.example.core.trigger.Flow
    preconditions: { flows: [{ namespace: company.data, flowId: ${child} }] }
`);
    const select = 'dependencies { kind direction via namespaceName flowId flow { flowId } }';
    const reported = (await flow(child, select)).dependencies;
    expect(reported).toEqual([
      {
        kind: 'SUBFLOW',
        direction: 'IN',
        via: 'run',
        namespaceName: 'company.data',
        flowId: parent,
        flow: { flowId: parent },
      },
      {
        kind: 'FLOW_TRIGGER',
        direction: 'IN',
        via: 'after',
        namespaceName: 'company.hidden',
        flowId: waiting,
        flow: { flowId: waiting },
      },
    ]);
    const reader = await world.user(name('reader'), [main]);
    await world.grant(main, reader, ['FLOW:READ'], 'company.data');
    const client = await world.as(reader);
    expect((await flow(child, select, 'company.data', client)).dependencies).toEqual([reported[0]]);
    const other = await world.user(name('reader'), [main]);
    await world.grant(main, other, ['FLOW:READ'], 'company.hidden');
    // The reference is in its own source, so the name is shown; the flow is not.
    expect((await flow(waiting, select, 'company.hidden', await world.as(other))).dependencies).toEqual([
      {
        kind: 'FLOW_TRIGGER',
        direction: 'OUT',
        via: 'after',
        namespaceName: 'company.data',
        flowId: child,
        flow: null,
      },
    ]);
  });

  it('are created and updated by callers with the permission in their namespaces', async () => {
    const person = async (...permissions: ('FLOW:CREATE' | 'FLOW:UPDATE' | 'FLOW:READ')[]) => {
      const user = await world.user(name('person'), [main]);
      await world.grant(main, user, permissions, 'company.data');
      return world.as(user);
    };
    const flowId = name();
    const source = flowSource('company.data', flowId);
    const bare = call('saveFlow', 'outcome flow { id namespaceName flowId source }');
    const codes = async (client: Client, text: string) =>
      client.codes(bare, { i: { tenantKey: 'main', source: text } });
    const maker = await person('FLOW:CREATE');
    const changer = await person('FLOW:UPDATE');
    const reader = await person('FLOW:READ');
    expect(await codes(changer, source)).toEqual(['FORBIDDEN']);
    expect(await codes(reader, source)).toEqual(['FORBIDDEN']);
    expect(await codes(maker, flowSource('company', flowId))).toEqual(['FORBIDDEN']);
    expect(await codes(maker, flowSource('company.datax', flowId))).toEqual(['FORBIDDEN']);
    expect(await codes(maker, source)).toEqual([]);
    expect(await codes(maker, `${source}#`)).toEqual(['CONFLICT']);
    expect(await codes(changer, `${source}#`)).toEqual([]);
    await done(flowSource('company.secret', flowId));
    // A caller who cannot read it does not learn that it exists.
    expect(await codes(changer, flowSource('company.secret', flowId))).toEqual(
      await codes(changer, flowSource('company.secret', name())),
    );
  });

  it('imply their namespaces, and leave none behind', async () => {
    const { flow: made } = await done(flowSource('brand.new.place', name()));
    const names = async () =>
      (await world.db.namespace.findMany({ where: { namespace: { startsWith: 'brand' } } })).map((n) => [
        n.namespace,
        n.declared,
      ]);
    expect((await names()).sort()).toEqual([
      ['brand', false],
      ['brand.new', false],
      ['brand.new.place', false],
    ]);
    await editor.ok(call('deleteFlow', 'deletedId'), { i: { id: made.id } });
    expect(await names()).toEqual([]);
  });

  it('are disabled without a change of the source, until a revision changes it', async () => {
    const flowId = name();
    const source = flowSource('company.data', flowId);
    const { flow: made } = await done(source);
    const set = call('setFlowDisabled', 'flow { disabled declaredDisabled revision source }');
    const { setFlowDisabled } = await editor.ok<any>(set, { i: { id: made.id, disabled: true } });
    expect(setFlowDisabled.flow).toEqual({ disabled: true, declaredDisabled: false, revision: 1, source });
    const triggers = async () => (await flow(flowId, 'triggers { nodes { disabled active } }')).triggers.nodes;
    expect(await triggers()).toEqual([{ disabled: false, active: false }]);
    // A further revision with the same value keeps the state.
    expect((await done(`${source}#\n`)).flow.disabled).toBe(true);
    expect((await done(`disabled: true\n${source}`)).flow).toMatchObject({ disabled: true, declaredDisabled: true });
    expect((await done(source)).flow).toMatchObject({ disabled: false, declaredDisabled: false });
    expect(await triggers()).toEqual([{ disabled: false, active: true }]);
    const actions = await world.db.auditEvent.findMany({
      where: { resourceKey: `company.data/${flowId}` },
      orderBy: { seq: 'asc' },
    });
    expect(actions.map(({ action }) => action)).toEqual([
      'flow.create',
      'flow.disable',
      'flow.update',
      'flow.update',
      'flow.update',
    ]);
  });

  it('with the same name, created concurrently, become one flow', async () => {
    for (let round = 0; round < 5; round += 1) {
      const flowId = name();
      const answers = await Promise.all(
        [0, 1, 2, 3].map((i) => put(`${flowSource(`burst.n${round}`, flowId)}# ${i}\n`, { expectedRevision: 0 })),
      );
      expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(1);
      expect(
        answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code)).every((c) => c === 'CONFLICT'),
      ).toBe(true);
      expect(await world.db.flow.count({ where: { flowId } })).toBe(1);
    }
  });

  it('are imported in bulk: valid ones are saved, invalid ones return an error', async () => {
    const names = [name(), name(), name()];
    const files = [
      { path: 'a.yaml', source: flowSource('company.data', names[0]!) },
      { path: 'b.yaml', source: 'id: x\nnamespace: company.data\ntasks: 5\n' },
      { path: 'c.yaml', source: flowSource('company.data', names[0]!) },
      { path: 'd.yaml', source: flowSource('company.data', names[1]!) },
    ];
    const { importFlows } = await editor.ok<any>(importMany, { i: { tenantKey: 'main', files } });
    expect(importFlows.results.map((r: any) => [r.path, r.outcome, r.error?.code])).toEqual([
      ['a.yaml', 'CREATED', undefined],
      ['b.yaml', null, 'BAD_INPUT'],
      ['c.yaml', null, 'BAD_INPUT'],
      ['d.yaml', 'CREATED', undefined],
    ]);
    expect(importFlows.results[1].error.details.issues[0]).toMatchObject({
      line: 3,
      path: ['input', 'files', 1, 'source', 'tasks'],
    });
    expect(importFlows.results[2].error.message).toContain('a.yaml');
    expect(await world.db.flow.count({ where: { flowId: { in: names } } })).toBe(2);
    // Each is decided separately, and refusals are recorded.
    const user = await world.user(name('importer'), [main]);
    await world.grant(main, user, ['FLOW:CREATE', 'FLOW:UPDATE'], 'company.data');
    const other = [
      { path: 'e.yaml', source: flowSource('company.data', names[2]!) },
      { path: 'f.yaml', source: flowSource('company.hr', names[2]!) },
    ];
    const bare = call('importFlows', 'results { outcome flow { id flowId } error { code } }');
    const answer = await (await world.as(user)).ok<any>(bare, { i: { tenantKey: 'main', files: other } });
    expect(answer.importFlows.results.map((r: any) => [r.outcome, r.error?.code])).toEqual([
      ['CREATED', undefined],
      [null, 'FORBIDDEN'],
    ]);
    const denied = { actorId: user.id, outcome: 'DENIED', resource: 'FLOW' };
    expect(await world.db.auditEvent.count({ where: denied })).toBe(1);
  });

  it('are deleted with one event for the flow and one for each trigger', async () => {
    const flowId = name();
    const { flow: made } = await done(flowSource('company.data', flowId));
    await editor.ok(call('deleteFlow', 'deletedId'), { i: { id: made.id, reason: 'not needed' } });
    const events = await world.db.auditEvent.findMany({ where: { reason: 'not needed' }, orderBy: { seq: 'asc' } });
    expect(events.map(({ action, resourceKey }) => [action, resourceKey])).toEqual([
      ['trigger.delete', `company.data/${flowId}/daily`],
      ['flow.delete', `company.data/${flowId}`],
    ]);
  });

  it('are deleted with their tenant, with an event each', async () => {
    const doomed = await world.tenant('doomed');
    await world.flow(doomed, flowSource('a.b', 'x'));
    await world.root().ok(call('deleteTenant', 'key'), { i: { id: idOf('Tenant', doomed) } });
    const events = await world.db.auditEvent.findMany({ where: { tenantId: doomed.id, type: 'DELETE' } });
    expect(events.map(({ action }) => action)).toEqual(expect.arrayContaining(['flow.delete', 'trigger.delete']));
    expect(await world.db.flowRevision.count({ where: { tenantId: doomed.id } })).toBe(0);
  });

  // Published examples of the orchestrator, if present next to the checkout.
  const real = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'flows');
  it.runIf(existsSync(real))('that were published elsewhere can all be read', () => {
    const files = readdirSync(real).filter((file) => file.endsWith('.yaml'));
    const refused = files.filter((file) => !readFlow(readFileSync(join(real, file), 'utf8')).ok);
    expect([files.length > 200, refused]).toEqual([true, []]);
  });
});
