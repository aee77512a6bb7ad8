import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Flow } from '../../src/db/generated/client.ts';
import { dependenciesOf } from '../../src/resources/orchestration/flow/dependencies.ts';
import { type FlowSource, readFlow } from '../../src/resources/orchestration/flow/source.ts';
import { taskOf } from '../../src/resources/orchestration/flow/task-type.ts';
import { areLabels, ownLabels, reportedLabels } from '../../src/resources/orchestration/labels.ts';
import { variables } from '../../src/resources/orchestration/namespace/settings.ts';

const head = 'id: x\nnamespace: company.data\n';
const task = 'tasks:\n  - id: a\n    type: t\n';
const good = (rest: string): FlowSource => {
  const read = readFlow(head + rest);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return read.flow;
};
const faults = (rest: string): string[] => {
  const read = readFlow(head + rest);
  return read.ok ? [] : read.issues.map(({ line, message }) => `${line}: ${message}`);
};

describe('the source of a flow', () => {
  it('has labels by the rules of executions, and the error names the broken rule', () => {
    const key = (length: number) => 'k'.repeat(length);
    const many = (count: number) => Array.from({ length: count }, (_, i) => `  l${i}: v\n`).join('');
    for (const [labels, fault] of [
      ['  "a:b": c\n', /without colons/],
      [`  ${key(201)}: c\n`, /1 to 200 characters/],
      [`  a: ${key(1_001)}\n`, /1,000 characters/],
      [many(101), /At most 100 labels/],
      ['  a: null\n', /a text, a number/],
      ['  - { key: a, value: 1 }\n  - { key: a, value: 2 }\n', /given twice/],
      ['  system.user: me\n', /Only the orchestrator sets/],
      ['  - just a text\n', /a map of text values, or a list/],
    ] as const) {
      const reported = faults(`${task}labels:\n${labels}`);
      expect(reported).toHaveLength(1);
      expect(reported[0]).toMatch(fault);
    }
    expect(faults(`${task}labels:\n  - { key: a, value: 1 }\n  - { key: a, value: 2 }\n`)[0]).toMatch(/^8: /);
    const { labels } = good(`${task}labels:\n  ${key(200)}: ${key(1_000)}\n  system.readOnly: true\n${many(98)}`);
    // All labels that a source can have are valid in a report of an execution.
    expect([areLabels(labels), reportedLabels.safeParse(labels).success]).toEqual([true, true]);
    expect(variables.safeParse({ '1x': 1 }).error?.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining('begin with a letter'),
    ]);
    const said = (given: object) => ownLabels.safeParse(given).error?.issues.map(({ message }) => message);
    expect(said({ 'a:b': 'c' })).toEqual([expect.stringContaining('without colons')]);
    expect(said({ a: 1 })).toEqual(['The value of a label must be a text.']);
  });

  it('has tasks in afterExecution and listeners', () => {
    const { tasks } = good(
      `${task}afterExecution:\n  - { id: b, type: t }\nlisteners:\n  - tasks:\n      - { id: c, type: t }\n`,
    );
    expect(tasks.map(({ id, branch }) => [id, branch])).toEqual([
      ['a', 'tasks'],
      ['b', 'afterExecution'],
      ['c', 'listeners.0'],
    ]);
    expect(faults(`${task}afterExecution:\n  - { id: a, type: t }\n`)).toEqual([
      '7: The task a already exists in line 4.',
    ]);
  });

  it('depends on flows in nested conditions and in where', () => {
    const trigger = (rest: string) =>
      `${task}triggers:\n  - id: f\n    type: io.kestra.plugin.core.trigger.Flow\n${rest}`;
    const upstream = (rest: string) =>
      dependenciesOf(good(trigger(rest))).map(
        ({ targetNamespace, targetFlowId }) => `${targetNamespace}/${targetFlowId}`,
      );
    const one = (flow: string) => `{ type: c.ExecutionFlow, namespace: n, flowId: ${flow} }`;
    const multiple = `{ type: c.MultipleCondition, id: m, conditions: { a: ${one('a')}, b: ${one('b')} } }`;
    const not = `{ type: c.Not, conditions: [${one('c')}] }`;
    expect(upstream(`    conditions: [${multiple}, ${not}, ${one('d')}]\n`)).toEqual(['n/a', 'n/b', 'n/d']);
    const filters = (...list: string[]) => `{ id: w, filters: [${list.join()}] }`;
    const flowId = '{ field: FLOW_ID, type: EQUAL_TO, value: silver }';
    const where = [
      filters(flowId, '{ field: NAMESPACE, type: EQUAL_TO, value: n }'),
      filters('{ field: FLOW_ID, type: IN, values: [x1, x2] }'),
      filters('{ field: FLOW_ID, type: NOT_EQUAL_TO, value: y }'),
    ];
    expect(upstream(`    preconditions: { id: p, where: [${where.join()}] }\n`)).toEqual([
      'n/silver',
      'company.data/x1',
      'company.data/x2',
    ]);
  });

  it('has no cyclic Dag, and does not run itself', () => {
    const dag = (...tasks: string[]) =>
      `tasks:\n  - id: d\n    type: c.Dag\n    tasks:\n${tasks.map((t) => `      - ${t}\n`).join('')}`;
    const node = (id: string, ...on: string[]) => `{ task: { id: ${id}, type: t }, dependsOn: [${on.join()}] }`;
    expect(faults(dag(node('a'), node('b', 'a'), node('c', 'a', 'b')))).toEqual([]);
    expect(faults(dag(node('a', 'b'), node('b', 'c'), node('c', 'b')))).toEqual([
      '8: The dependencies of these tasks form a cycle: b → c → b.',
    ]);
    expect(faults(dag(node('a', 'a')))).toEqual(['7: The dependencies of these tasks form a cycle: a → a.']);
    expect(faults(dag(node('a'), node('b', 'z')))).toEqual(['8: The task z does not exist in this Dag.']);
    const subflow = (namespace: string, id: string) =>
      `tasks:\n  - { id: s, type: c.Subflow, namespace: ${namespace},\n      flowId: ${id} }\n`;
    for (const namespace of ['company.data', '"{{ flow.namespace }}"'])
      expect(faults(subflow(namespace, 'x'))).toEqual(['5: A flow cannot run itself: it would never end.']);
    expect([faults(subflow('company', 'x')), faults(subflow('company.data', 'y'))]).toEqual([[], []]);
  });

  it('accepts what the orchestrator accepts: null for omitted fields, a type from a merge, half a second more', () => {
    const schedule = (rest: string) =>
      `${task}triggers:\n  - id: s\n    type: c.Schedule\n    cron: 0/15 * * * *\n${rest}`;
    for (const rest of ['timezone:', 'timezone: ""', 'timezone: GMT+1', 'withSeconds: ~', 'recoverMissedSchedules: ~'])
      expect([rest, faults(schedule(`    ${rest}\n`))]).toEqual([rest, []]);
    expect(faults(`${task}triggers:\n  - { id: p, type: c.Trigger, interval: PT1.5S }\n`)).toEqual([]);
    expect(faults(`${task}triggers:\n  - { id: p, type: c.Trigger, interval: PT0.5S }\n`)).toHaveLength(1);
    const merged = good('x-base: &base { type: t, description: d }\ntasks:\n  - id: a\n    <<: *base\n').tasks;
    expect(merged).toMatchObject([{ id: 'a', type: 't', description: 'd' }]);
  });

  it("has faults in Gatehouse's own words, never in those of the validator", () => {
    const trigger = (rest: string) => `${task}triggers:\n  - { id: s, type: c.Schedule, ${rest} }\n`;
    const reported = [
      ...[
        'cron: 5',
        'cron: "* * * * *", withSeconds: 1',
        'dates: 5',
        'cron: "* * * * *", workerGroup: { key: k, fallback: x }',
      ],
      ...[
        'cron: "* * * * *", workerGroup: 5',
        'cron: "* * * * *", stopAfter: x',
        'type: c.ScheduleOnDates, dates: [2026-02-30]',
      ],
    ].flatMap((rest) => faults(trigger(rest)));
    reported.push(
      ...faults(`${task}inputs: [{ id: 5 }]\nlabels: 5\nerrors: 5\ndescription: [1]\n`),
      ...faults('tasks: null\n'),
    );
    expect(reported.length).toBeGreaterThan(10);
    for (const text of reported) expect(text).not.toMatch(/expected|received|invalid|unrecognized|too (big|small)/i);
  });

  it('keeps whole numbers beyond 2^53 exactly, as texts', () => {
    const big = '12345678901234567890';
    const { labels, inputs, triggers } = good(
      `${task}labels: { build: ${big}, small: 7 }\ninputs: [{ id: i, type: INT, defaults: ${big} }]\ntriggers:\n  - { id: s, type: c.Schedule, cron: "@daily", inputs: { n: -${big}, f: 1e30 } }\n`,
    );
    expect(labels).toEqual({ build: big, small: '7' });
    expect(inputs).toMatchObject([{ defaults: big }]);
    expect(triggers[0]?.definition).toMatchObject({ inputs: { n: `-${big}`, f: 1e30 } });
  });

  const parts = (source: string) => {
    const read = readFlow(source);
    return read.ok ? read.flow.tasks.map((one) => taskOf({ source } as Flow, one)) : [];
  };
  it('returns each task as standalone YAML', () => {
    const source = `${head}tasks:\n  - id: a\n    type: t\n    script: |\n      if x:\n\n        y\n    tasks:\n      - id: b\n        type: u\n        # a comment\n        list:\n          - 1\n`;
    const [a, b] = parts(source);
    expect(parse(a!.source)).toEqual(parse(source).tasks[0]);
    expect(parse(b!.source)).toEqual({ id: 'b', type: 'u', list: [1] });
  });

  // Published examples of the orchestrator, if present next to the checkout.
  const real = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'flows');
  it.runIf(existsSync(real))('returns each task of published flows as standalone YAML', () => {
    const odd: string[] = [];
    for (const file of readdirSync(real).filter((name) => name.endsWith('.yaml'))) {
      const source = readFileSync(join(real, file), 'utf8');
      for (const one of parts(source)) {
        try {
          if ((parse(one.source) as { id?: unknown }).id !== one.id) odd.push(`${file} ${one.id}`);
        } catch (error) {
          if (!/alias/i.test((error as Error).message)) odd.push(`${file} ${one.id} ${(error as Error).message}`);
        }
      }
    }
    expect(odd).toEqual([]);
  });

  it('resolves aliases in a time that grows with their number, not with its square', () => {
    const timeOf = (count: number): number => {
      const items = Array.from({ length: count }, (_, i) => `  - &a${i} 1\n  - *a${i}`).join('\n');
      const source = `id: a\nnamespace: b\ntasks: [{ id: t, type: x }]\nx:\n${items}\n`;
      const times = [1, 2, 3, 4].map(() => {
        const begun = performance.now();
        expect(readFlow(source).ok).toBe(true);
        return performance.now() - begun;
      });
      return Math.min(...times);
    };
    // With the square: sixteen times.
    expect(timeOf(6_000) / timeOf(1_500)).toBeLessThan(9);
  });
});
