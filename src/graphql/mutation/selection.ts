import type { InputRef, ObjectRef } from '@pothos/core';
import type { Permission } from '../../access/catalog.ts';
import { rowsOf } from '../../db/rows/rows.ts';
import type { ModelName } from '../../db/rows/update.ts';
import type { Tx } from '../../db/transaction.ts';
import { badInput, GatehouseError } from '../../errors.ts';
import { builder } from '../builder.ts';
import type { Condition, SchemaTypes } from '../connection/connection-type.ts';
import type { Context } from '../context.ts';
import { decodeId, globalId } from '../node.ts';
import { assertLength, eachItem, itemErrorField, type Refused } from './items.ts';
import type { InputBuilder, PayloadBuilder } from './spec.ts';

/** Max number of objects in one operation. */
export const maxSelected = 1_000;

/** Objects that a mutation can select by a filter. */
export interface Selectable {
  readonly model: ModelName;
  /** What its objects are called. */
  readonly plural: string;
  readonly read: Permission;
}

const hasFields = (condition: Condition): boolean =>
  Object.entries(condition).some(([key, value]) =>
    key === 'AND' ? (value as readonly Condition[]).some(hasFields) : value !== undefined,
  );

/** @throws BAD_INPUT for a filter without fields, which would select every object. */
export function assertSelects(condition: Condition, { plural }: Selectable, instead: string): void {
  if (!hasFields(condition))
    throw badInput(['input', 'where'], `An empty filter selects nothing. ${instead} to select all ${plural}.`);
}

/** Locks rows in one order, so that operations on many rows do not deadlock. */
export const lockRows = (tx: Tx, { model }: Selectable, tenantId: string, ids: readonly string[]): Promise<unknown> =>
  tx.$executeRawUnsafe(
    `SELECT 1 FROM "${model}" WHERE "tenantId" = $1 AND id = ANY($2) ORDER BY id FOR UPDATE`,
    tenantId,
    ids,
  );

/** IDs of the matching rows that the caller can read, in one order. @throws LIMIT_EXCEEDED. */
export async function matchingIds(
  tx: Tx,
  context: Context,
  { model, plural, read }: Selectable,
  tenantId: string,
  condition: Condition,
): Promise<string[]> {
  const { where } = context.session.grant(read, { tenantId });
  const found = await rowsOf(tx).find({
    model,
    reach: where as Condition,
    where: { AND: [{ tenantId }, condition] },
    columns: ['id'],
    order: [['id', 'asc']],
    take: maxSelected + 1,
  });
  if (found.length > maxSelected)
    throw new GatehouseError('LIMIT_EXCEEDED', `The filter matches more than ${maxSelected} ${plural}. Narrow it.`);
  return found.map(({ id }) => id as string);
}

interface SelectionSpec<Row, Filter> extends Selectable {
  readonly ref: ObjectRef<SchemaTypes, Row>;
  readonly where: InputRef<Filter>;
  readonly toCondition: (filter: Filter) => Condition;
}

/** An ID as the caller gave it. */
type Given = string | number;
export interface Selected<Filter> {
  readonly ids?: readonly Given[] | null | undefined;
  readonly where?: Filter | null | undefined;
}
export interface Answer<Row> {
  /** The global ID. */
  readonly id: string;
  /** Null if the item was refused, or if the object no longer exists. */
  readonly row: Row | null;
  readonly error: Refused | null;
}

/** The parts of a mutation that acts on objects by their IDs or by a filter, with a result for each. */
export function selection<Row, Filter extends { readonly text?: string | null | undefined }>(
  spec: SelectionSpec<Row, Filter>,
) {
  const { model, plural, ref, toCondition } = spec;
  const noun = model.toLowerCase();
  const answer = builder.objectRef<Answer<Row>>(`${model}Result`).implement({
    description: `Result for one ${noun}.`,
    fields: (t) =>
      ({
        id: t.id({ description: `ID of the ${noun}.`, resolve: ({ id }) => id }),
        [noun]: t.field({
          type: ref as never,
          nullable: true,
          description: `The ${noun}; null if the item was refused or the ${noun} was deleted.`,
          resolve: (({ row }: Answer<Row>) => row) as never,
        }),
        error: itemErrorField(t, ({ error }) => error),
      }) as never,
  });
  const decoded = (given: Given, i: number): string => decodeId(String(given), [model], ['input', 'ids', i]).id;
  /** An invalid ID is refused as an item. */
  const valid = (given: Given, i: number): string[] => {
    try {
      return [decoded(given, i)];
    } catch {
      return [];
    }
  };
  return {
    input: (t: InputBuilder) => ({
      tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
      ids: t.idList({ description: `IDs of the ${plural}, at most ${maxSelected}. Alternatively, pass where.` }),
      where: t.field({
        type: spec.where,
        description: `Selects the matching ${plural} that the caller can read, at most ${maxSelected}. An empty filter is rejected.`,
      }),
    }),
    /** @throws BAD_INPUT unless exactly one way to select is given and it selects something. */
    assert({ ids, where }: Selected<Filter>): void {
      if ((ids == null) === (where == null)) throw badInput(['input'], `Select ${plural} with either ids or where.`);
      if (where != null) assertSelects(toCondition({ ...where, text: where.text || null }), spec, 'Pass ids');
    },
    payload: (t: PayloadBuilder<readonly Answer<Row>[]>) => ({
      results: t.field({
        type: [answer],
        description: `One result for each ${noun}, in the order of the IDs.`,
        resolve: ({ result }) => [...result],
      }),
      acceptedCount: t.int({
        description: 'Number of results without an error.',
        resolve: ({ result }) => result.filter(({ error }) => !error).length,
      }),
    }),
    /** Acts on each object independently. */
    async onEach(
      tx: Tx,
      context: Context,
      refusals: GatehouseError[],
      tenantId: string,
      { ids, where }: Selected<Filter>,
      act: (id: string) => Promise<Row | null>,
    ): Promise<readonly Answer<Row>[]> {
      if (ids != null) {
        assertLength(ids, maxSelected);
        await lockRows(tx, spec, tenantId, ids.flatMap(valid));
      }
      const selected =
        ids ?? (await matchingIds(tx, context, spec, tenantId, toCondition(where!))).map((id) => globalId(model, id));
      if (selected.length === 0) return [];
      let at = '';
      return eachItem(
        tx,
        refusals,
        selected,
        async (given, i): Promise<Answer<Row>> => {
          at = String(given);
          return { id: at, row: await act(decoded(given, i)), error: null };
        },
        (error): Answer<Row> => ({ id: at, row: null, error }),
        maxSelected,
      );
    },
  };
}
