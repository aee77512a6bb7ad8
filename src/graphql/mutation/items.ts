import type { Tx } from '../../db/transaction.ts';
import { badInput, GatehouseError } from '../../errors.ts';
import { attempt } from '../../policy/session/reviewed.ts';
import { builder } from '../builder.ts';

/** Wrapped: an Error that a resolver returns would count as thrown. */
export interface Refused {
  readonly error: GatehouseError;
}
export const ItemError = builder.objectRef<Refused>('ItemError').implement({
  description: 'Why one item of a list was refused.',
  fields: (t) => ({
    code: t.string({ description: 'The code, as in the extensions of an error.', resolve: ({ error }) => error.code }),
    message: t.string({ description: 'The reason.', resolve: ({ error }) => error.message }),
    details: t.field({
      type: 'JSON',
      description: 'What else the error says: decisionId, issues.',
      resolve: ({ error }) => error.extensions,
    }),
  }),
});

const usualMax = 500;

/** @throws BAD_INPUT. Asked before anything is done with the items: a request can hold many thousands. */
export function assertLength(items: readonly unknown[], greatest = usualMax): void {
  if (items.length === 0 || items.length > greatest) throw badInput(['input'], `A list has 1 to ${greatest} items.`);
}

/**
 * Does each item of a list by itself: what is refused says why, the rest is done. An item refuses before it writes;
 * an error of the database ends the whole list. Refusals go on record after the commit.
 */
export async function eachItem<Item, Result>(
  tx: Tx,
  refusals: GatehouseError[],
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
  refused: (refused: Refused) => Result,
  greatest = usualMax,
): Promise<readonly Result[]> {
  assertLength(items, greatest);
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

/** Of the items that one report had refused, those that are alike as one with their count. */
export function alike(refusals: readonly GatehouseError[]): [GatehouseError, number][] {
  const groups = Map.groupBy(refusals, ({ code, tenantId, extensions }) =>
    [code, tenantId, extensions['permission'], extensions['policy']].join(' '),
  );
  return [...groups.values()].map((group) => [group[0]!, group.length]);
}
