import type { Flow } from '../../../db/generated/client.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { selection } from '../../../graphql/mutation/selection.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { lockTree } from '../namespace/service.ts';
import { FlowRef, FlowWhere, flowCondition } from './schema.ts';
import { deleteFlow, setFlowDisabled } from './service.ts';

const selected = selection<Flow, typeof FlowWhere.$inferInput>({
  model: 'Flow',
  plural: 'flows',
  read: 'FLOW:READ',
  ref: FlowRef as never,
  where: FlowWhere,
  toCondition: flowCondition,
});
const each = 'Returns a result and records an audit event for each.';

mutation('setFlowsDisabled', {
  description: `Disables or enables flows. Their sources are unchanged, and triggers keep their own state. ${each}`,
  permission: 'FLOW:UPDATE',
  input: (t) => ({
    ...selected.input(t),
    disabled: t.boolean({ required: true, description: 'True to disable, false to enable.' }),
  }),
  target: (input, context) => {
    selected.assert(input);
    return inTenant(input.tenantKey, context);
  },
  run: (tx, grant, input, { tenant }, context, refusals) =>
    selected.onEach(tx, context, refusals, tenant.id, input, (id) =>
      setFlowDisabled(tx, grant, tenant, id, input.disabled),
    ),
  payload: selected.payload,
  timeoutMs: ({ limits }) => limits.bulkMs,
});

mutation('deleteFlows', {
  description: `Deletes flows and the state of their triggers. Executions and revisions are kept. ${each}`,
  permission: 'FLOW:DELETE',
  input: selected.input,
  target: (input, context) => {
    selected.assert(input);
    return inTenant(input.tenantKey, context);
  },
  async run(tx, grant, input, { tenant }, context, refusals) {
    // Before the flows are locked, as in every deletion.
    await lockTree(tx, tenant.id);
    return selected.onEach(tx, context, refusals, tenant.id, input, async (id) => {
      await deleteFlow(tx, grant, tenant, id);
      return null;
    });
  },
  payload: selected.payload,
  timeoutMs: ({ limits }) => limits.bulkMs,
});
