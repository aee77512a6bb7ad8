import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Execution, Tenant } from '../../src/db/generated/client.ts';
import type { Client } from '../support/client.ts';
import { addExecution, addTaskRun } from '../support/executions.ts';
import { idOf, World } from '../support/world.ts';

const query = `query($e: ID!, $r: ID, $x: String!) {
  renderExpression(execution: $e, taskRun: $r, expression: $x) { text fault { message line column } } }`;
const source = `id: hello
namespace: company.x
inputs:
  - { id: day, type: STRING }
  - { id: key, type: SECRET }
variables:
  table: orders
tasks:
  - { id: fetch, type: io.example.core.log.Log, message: x }
`;

describe('renderExpression', () => {
  let world: World;
  let tenant: Tenant;
  let execution: Execution;
  let client: Client;
  const run = async (x: string, r?: string, by = client) =>
    (await by.ok<any>(query, { e: idOf('Execution', execution), r, x })).renderExpression;

  beforeAll(async () => {
    world = await World.create();
    tenant = await world.tenant('a');
    const namespace = await world.namespace(tenant, 'company.x');
    await world.db.namespace.update({ where: { id: namespace.id }, data: { variables: { region: 'eu' } } });
    await world.flow(tenant, source);
    execution = await addExecution(world, tenant, { namespace: 'company.x', flowId: 'hello' });
    await world.db.execution.update({
      where: { id: execution.id },
      data: { revision: 1, inputs: { day: '2026-01-02', key: 'a secret' }, labels: { team: 'data' } },
    });
    execution = await world.db.execution.findFirstOrThrow();
    const user = await world.user('viewer', [tenant]);
    await world.bind(tenant, { principal: user }, await world.managed(tenant, 'Viewer'));
    client = await world.as(user);
  });
  afterAll(() => world.close());

  it('renders over the outputs, inputs, variables, labels and flow of an execution, in one of its task runs', async () => {
    const taskRun = await addTaskRun(world, execution);
    await world.db.taskRun.update({ where: { id: taskRun.id }, data: { outputs: { rows: 12 }, value: 'eu' } });
    const text =
      '{{ flow.id }} {{ inputs.day | date("yyyy") }} {{ vars.table }} {{ namespace.region }} {{ labels.team }} {{ taskrun.value }} ' +
      `{{ outputs['${taskRun.taskId}'].eu.rows + 1 }}`;
    expect(await run(text, idOf('TaskRun', taskRun))).toEqual({ text: 'hello 2026 orders eu data eu 13', fault: null });
    const other = await addExecution(world, tenant, { namespace: 'company.x', flowId: 'hello' });
    const foreign = await addTaskRun(world, other);
    expect(await run('x', idOf('TaskRun', foreign))).toBeNull();
  });

  it('renders no secret, and returns a fault with its place', async () => {
    expect(await run('{{ inputs.key }}')).toEqual({ text: '***', fault: null });
    const fault = { message: 'The function secret is not available here.', line: 2, column: 4 };
    expect(await run("\n{{ secret('KEY') }}")).toEqual({ text: null, fault });
    expect((await run('{{ nope }}')).fault.message).toBe('The variable nope does not exist.');
    expect(await client.codes(query, { e: idOf('Execution', execution), x: 'x'.repeat(50_001) })).toEqual([
      'BAD_INPUT',
    ]);
  });

  it('shows the variables of a flow and a namespace only to viewers who can read them', async () => {
    const user = await world.user('narrow', [tenant]);
    await world.grant(tenant, user, ['EXECUTION:READ']);
    const narrow = await world.as(user);
    expect(await run('{{ vars.table ?? "-" }} {{ namespace.region ?? "-" }}', undefined, narrow)).toMatchObject({
      text: '- -',
    });
    const stranger = await world.as(await world.user('stranger', [tenant]));
    expect(
      (await stranger.run<any>(query, { e: idOf('Execution', execution), x: 'x' })).data?.renderExpression ?? null,
    ).toBeNull();
  });

  it('does not stop others while it renders expressions without an end', async () => {
    const endless = '{% for i in range(1, 90000) %}{% for j in range(1, 90000) %}x{% endfor %}{% endfor %}';
    const delays: number[] = [];
    let last = performance.now();
    const timer = setInterval(() => {
      delays.push(performance.now() - last);
      last = performance.now();
    }, 5);
    const results = await Promise.all(Array.from({ length: 10 }, () => run(endless)));
    clearInterval(timer);
    for (const { fault } of results) expect(fault.message).toContain('The expression');
    expect(Math.max(...delays)).toBeLessThan(400);
  });
});
