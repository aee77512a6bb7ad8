import { parse } from 'yaml';
import { ancestorsOf } from '../../../access/where.ts';
import type { Execution, Namespace, TaskRun } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { ExpressionError, maxExpression, render } from '../../../expressions/render.ts';
import { variablesOf } from '../../../expressions/variables.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId, readRow } from '../../../graphql/node.ts';
import { isObject } from '../../../lib/json.ts';
import { inTurn } from '../flow/reading.ts';
import { effectiveVariables } from '../namespace/settings.ts';
import { sourceRan } from './flow-that-ran.ts';

/** GraphQL treats an Error in a result as thrown, so this is a plain object. */
type Fault = Pick<ExpressionError, 'message' | 'line' | 'column'>;
interface Rendered {
  readonly text: string | null;
  readonly fault: Fault | null;
}

const FaultRef = builder.objectRef<Fault>('ExpressionFault').implement({
  description: 'Why an expression cannot be rendered.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'The fault.' }),
    line: t.exposeInt('line', { description: 'Line, from 1.' }),
    column: t.exposeInt('column', { description: 'Column, from 1.' }),
  }),
});
const RenderedRef = builder.objectRef<Rendered>('RenderedExpression').implement({
  description: 'Result of an expression.',
  fields: (t) => ({
    text: t.exposeString('text', { nullable: true, description: 'The rendered text; null if there is a fault.' }),
    fault: t.field({
      type: FaultRef,
      nullable: true,
      description: 'The fault; null if there is none.',
      resolve: ({ fault }) => fault,
    }),
  }),
});

builder.queryField('renderExpression', (t) =>
  t.field({
    type: RenderedRef,
    nullable: true,
    description:
      'Renders a text with expressions over an execution: its inputs, outputs, labels, flow and trigger, and the variables of the flow and the namespace that the viewer can read. Secrets are not available. Null if the execution or task run does not exist or the viewer cannot read it.',
    access: { decides: 'EXECUTION:READ' },
    args: {
      execution: t.arg.id({ required: true, description: 'ID of the execution.' }),
      taskRun: t.arg.id({ description: 'ID of the task run in which the expression is rendered.' }),
      expression: t.arg.string({ required: true, description: 'The text, at most 50,000 characters.' }),
    },
    resolve: async (_root, { execution: id, taskRun, expression }, context) => {
      if (expression.length > maxExpression)
        throw badInput(['expression'], `An expression can have at most ${maxExpression} characters.`);
      const executionId = decodeId(String(id), ['Execution'], ['execution']).id;
      const runId = taskRun == null ? undefined : decodeId(String(taskRun), ['TaskRun'], ['taskRun']).id;
      const row = await readRow(context, { typename: 'Execution', resource: 'EXECUTION' }, executionId);
      return row && rendered(row as unknown as Execution, runId, expression, context);
    },
  }),
);

const maxRuns = 1_000;
const renderMs = 50;

async function rendered(
  execution: Execution,
  runId: string | undefined,
  expression: string,
  context: Context,
): Promise<Rendered | null> {
  const { db } = context;
  const where = { tenantId: execution.tenantId, executionKey: execution.id };
  const newest = await db.taskRun.findMany({ where, orderBy: [{ startedAt: 'desc' }, { id: 'desc' }], take: maxRuns });
  const current = runId === undefined ? undefined : await db.taskRun.findFirst({ where: { ...where, id: runId } });
  if (current === null) return null;
  const [flowVariables, namespaceVariables, inputs] = await Promise.all([
    variablesOfFlow(execution, context),
    variablesOfNamespace(execution, context),
    shownInputs(execution, context),
  ]);
  const variables = variablesOf({
    execution: { ...execution, namespaceName: execution.namespace, inputs },
    taskRuns: newest.reverse().map(asRun),
    current: current && asRun(current),
    flowVariables,
    namespaceVariables,
  });
  // Expressions of a caller take turns with those of others.
  const limits = { milliseconds: renderMs };
  return inTurn(() => {
    try {
      return { text: render(expression, variables, { limits }), fault: null };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { message, line, column } = error;
      return { text: null, fault: { message, line, column } };
    }
  }, context);
}

const asRun = ({ parentId, attempts, ...run }: TaskRun) => ({
  ...run,
  parentTaskRunId: parentId,
  attempts: Array.isArray(attempts) ? attempts.length : 0,
});

/** `variables` of the source that ran, if the viewer can read it. */
async function variablesOfFlow(execution: Execution, context: Context): Promise<unknown> {
  if (!context.session.may('FLOW:READ', { tenantId: execution.tenantId })) return undefined;
  const source = await sourceRan(context, execution);
  if (source === undefined) return undefined;
  const read = await inTurn(() => parse(source, { logLevel: 'silent' }) as unknown, context).catch(() => undefined);
  const variables = isObject(read) ? read['variables'] : undefined;
  return isObject(variables) ? JSON.parse(JSON.stringify(variables)) : undefined;
}

/** The variables in effect in the namespace, if the viewer can read it. */
async function variablesOfNamespace({ tenantId, namespace }: Execution, { db, session }: Context) {
  const names = [...ancestorsOf(namespace), namespace];
  const chain: Namespace[] = await db.namespace.findMany({ where: { tenantId, namespace: { in: names } } });
  const own = chain.find((row) => row.namespace === namespace);
  if (!own || !session.may('NAMESPACE:READ', { tenantId })?.matches({ ...own })) return undefined;
  return Object.fromEntries(effectiveVariables(chain).map(({ key, value }) => [key, value]));
}

const hidden = '***';

/** The inputs, without the values of those that the flow declares as secret. */
async function shownInputs({ tenantId, namespace, flowId, inputs }: Execution, { db }: Context): Promise<unknown> {
  const flow = await db.flow.findFirst({ where: { tenantId, namespace, flowId }, select: { inputs: true } });
  const declared = (flow?.inputs ?? []) as unknown as readonly { id: string; type: string }[];
  const secret = new Set(declared.filter(({ type }) => type === 'SECRET').map(({ id }) => id));
  return Object.fromEntries(
    Object.entries(inputs as object).map(([id, value]) => [id, secret.has(id) ? hidden : value]),
  );
}
