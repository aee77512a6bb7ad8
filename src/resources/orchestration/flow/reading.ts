import { unavailable } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { FairQueue } from '../../../lib/fair-queue.ts';
import { SharedThread } from '../../../lib/shared-thread.ts';
import { type ReadFlow, readFlow } from './source.ts';

/** Sources are read on the thread that answers everybody: their owners take turns, and each may let a few requests wait. */
const thread = new SharedThread(
  new FairQueue({
    width: 1,
    perOwner: 20,
    total: 500,
    refusal: () => unavailable('You have too many sources that wait to be read: wait until they are.'),
  }),
);

/** Does a piece of work of the same kind in its owner's turn. */
export const inTurn = <Result>(work: () => Result, { session, deadline }: Context): Promise<Result> =>
  thread.run(session.accountId, work, deadline?.signal);

/** Reads sources, one after the other, with everybody else's work between them. @throws UNAVAILABLE, TIMEOUT. */
export function readSources(sources: readonly string[], { session, deadline }: Context): Promise<ReadFlow[]> {
  return thread.each(session.accountId, sources, readFlow, deadline?.signal);
}

export async function readSource(source: string, context: Context): Promise<ReadFlow> {
  const [read] = await readSources([source], context);
  return read!;
}
