import type { Tx } from '../../db/transaction.ts';
import { badInput, GatehouseError } from '../../errors.ts';
import { attempt } from '../../policy/session/reviewed.ts';
import { builder } from '../builder.ts';
import type { SchemaTypes } from '../connection/connection-type.ts';

/** Wrapped, because an Error that a resolver returns counts as thrown. */
export interface Refused {
  readonly error: GatehouseError;
}
export const ItemError = builder.objectRef<Refused>('ItemError').implement({
  description: 'Why one item of a list was refused.',
  fields: (t) => ({
    code: t.string({
      description: 'Error code, as in the extensions of an error.',
      resolve: ({ error }) => error.code,
    }),
    message: t.string({ description: 'Error message.', resolve: ({ error }) => error.message }),
    details: t.field({
      type: 'JSON',
      description: 'Further extensions of the error: decisionId, issues.',
      resolve: ({ error }) => error.extensions,
    }),
  }),
});

/** The field of an item's result that holds why the item was refused. */
export const itemErrorField = <Item>(
  t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Item>,
  errorOf: (item: Item) => Refused | null | undefined,
) =>
  t.field({
    type: ItemError,
    nullable: true,
    description: 'Error, if the item was refused.',
    resolve: (item) => errorOf(item as Item) as never,
  });

const usualMax = 500;

/** @throws BAD_INPUT. Called before the items are processed: there can be many thousands. */
export function assertLength(items: readonly unknown[], max = usualMax): void {
  if (items.length === 0 || items.length > max) throw badInput(['input'], `A list must have 1 to ${max} items.`);
}

/**
 * Processes each item of a list independently. A refused item returns an error; the others are applied. An item refuses
 * before it writes; a database error fails the whole list. Refusals are recorded after the commit.
 */
export async function eachItem<Item, Result>(
  tx: Tx,
  refusals: GatehouseError[],
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  refused: (refused: Refused) => Result,
  max = usualMax,
): Promise<readonly Result[]> {
  assertLength(items, max);
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    try {
      results.push(await attempt(tx, () => work(item, index)));
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      if (error.code !== 'BAD_INPUT' && error.code !== 'CONFLICT') refusals.push(error);
      results.push(refused({ error }));
    }
  }
  return results;
}

/** Merges equal refusals of a report, with their number. */
export function alike(refusals: readonly GatehouseError[]): [GatehouseError, number][] {
  const groups = Map.groupBy(refusals, ({ code, tenantId, extensions }) =>
    [code, tenantId, extensions['permission'], extensions['policy']].join(' '),
  );
  return [...groups.values()].map((group) => [group[0]!, group.length]);
}
