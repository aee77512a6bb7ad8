import type { Trigger } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, type GatehouseError } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { assertLength, eachItem, itemErrorField, type Refused } from '../../../graphql/mutation/items.ts';
import {
  assertSelects,
  lockRows,
  matchingIds,
  maxSelected,
  type Selectable,
} from '../../../graphql/mutation/selection.ts';
import type { InputBuilder, PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { decodeId } from '../../../graphql/node.ts';
import { TriggerRef, TriggerWhere, triggerCondition } from './schema.ts';
import type { Changed, Named } from './service.ts';

const selectable = { model: 'Trigger', plural: 'triggers', read: 'TRIGGER:READ' } as const satisfies Selectable;

const Item = builder.inputType('TriggerItem', {
  description: 'One trigger to act on.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'ID of the trigger.' }),
    version: t.int({
      description: 'Version of the trigger that the caller read. If it differs, the item fails with CONFLICT.',
    }),
  }),
});

/** Input fields that select triggers. */
export const selectionInput = (t: InputBuilder) => ({
  tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
  triggers: t.field({
    type: [Item],
    description: `The triggers, at most ${maxSelected}. Alternatively, pass where or all.`,
  }),
  where: t.field({
    type: TriggerWhere,
    description: `Selects the matching triggers that the caller can read, at most ${maxSelected}. An empty filter is rejected.`,
  }),
  all: t.boolean({ description: `True selects all triggers that the caller can read, at most ${maxSelected}.` }),
});
export interface Selection {
  readonly triggers?: readonly (typeof Item.$inferInput)[] | null | undefined;
  readonly where?: typeof TriggerWhere.$inferInput | null | undefined;
  readonly all?: boolean | null | undefined;
}

export interface TriggerAnswer extends Named {
  readonly trigger: Trigger | null;
  readonly changed: boolean;
  readonly error: Refused | null;
}
const AnswerRef = builder.objectRef<TriggerAnswer>('TriggerResult').implement({
  description: 'Result for one trigger.',
  fields: (t) => ({
    trigger: t.field({
      type: TriggerRef,
      nullable: true,
      description: 'The trigger in its current state; null if it was refused.',
      resolve: ({ trigger }) => trigger,
    }),
    changed: t.exposeBoolean('changed', { description: 'False if the trigger was already in that state.' }),
    error: itemErrorField(t, ({ error }) => error),
  }),
});
export const selectionPayload = (t: PayloadBuilder<readonly TriggerAnswer[]>) => ({
  results: t.field({
    type: [AnswerRef],
    description: 'One result for each trigger, in the order of the items or of the IDs.',
    resolve: ({ result }) => [...result],
  }),
  changedCount: t.int({
    description: 'Number of changed triggers.',
    resolve: ({ result }) => result.filter(({ changed }) => changed).length,
  }),
});

/** @throws BAD_INPUT unless exactly one way to select is given and it selects something. */
export function assertSelection({ triggers, where, all }: Selection): void {
  const given = [triggers != null, where != null, all === true].filter(Boolean).length;
  if (given !== 1) throw badInput(['input'], 'Select triggers with exactly one of triggers, where and all.');
  if (where != null)
    assertSelects(triggerCondition({ ...where, text: where.text || null }), selectable, 'Pass all: true');
}

/** The selected triggers, locked in one order. */
async function chosen(tx: Tx, context: Context, tenantId: string, { triggers, where }: Selection): Promise<Named[]> {
  if (triggers == null) {
    const condition = where == null ? {} : triggerCondition(where);
    return (await matchingIds(tx, context, selectable, tenantId, condition)).map((id) => ({ id }));
  }
  if (triggers.length > 0) assertLength(triggers, maxSelected);
  const items = triggers.map(({ id, version }, i) => ({
    id: decodeId(String(id), ['Trigger'], ['input', 'triggers', i, 'id']).id,
    version,
  }));
  const seen = new Set<string>();
  const repeated = items.findIndex(({ id }) => seen.size === seen.add(id).size);
  if (repeated >= 0) throw badInput(['input', 'triggers', repeated, 'id'], 'This trigger is given twice.');
  await lockRows(tx, selectable, tenantId, [...seen]);
  return items;
}

/** Acts on each trigger independently, with a result for each. */
export async function onEach(
  tx: Tx,
  context: Context,
  refusals: GatehouseError[],
  tenantId: string,
  selection: Selection,
  work: (named: Named) => Promise<Changed>,
): Promise<readonly TriggerAnswer[]> {
  const items = await chosen(tx, context, tenantId, selection);
  if (items.length === 0) return [];
  let at: Named = items[0]!;
  return eachItem(
    tx,
    refusals,
    items,
    async (named): Promise<TriggerAnswer> => {
      at = named;
      return { ...named, ...(await work(named)), error: null };
    },
    (error): TriggerAnswer => ({ ...at, trigger: null, changed: false, error }),
    maxSelected,
  );
}
