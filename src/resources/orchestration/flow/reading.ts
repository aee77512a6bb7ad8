import { unavailable } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { FairQueue } from '../../../lib/fair-queue.ts';
import { SharedThread } from '../../../lib/shared-thread.ts';
import { type ReadFlow, readFlow } from './source.ts';

/** Sources are parsed on the main thread. Their owners take turns, and each can queue a few requests. */
const thread = new SharedThread(
  new FairQueue({
    width: 1,
    perOwner: 20,
    total: 500,
    refusal: () => unavailable('Too many of your sources are waiting to be read. Retry when they are done.'),
  }),
);

/** Runs similar work in its owner's turn. */
export const inTurn = <Result>(work: () => Result, { session, deadline }: Context): Promise<Result> =>
  thread.run(session.accountId, work, deadline?.signal);

/** Does some work on each source, with other requests in between. @throws UNAVAILABLE, TIMEOUT. */
export function sourcesInTurn<Result>(
  sources: readonly string[],
  work: (source: string) => Result,
  { session, deadline }: Context,
): Promise<Result[]> {
  return thread.each(session.accountId, sources, work, deadline?.signal);
}

/** Parses sources one after the other, with other requests in between. @throws UNAVAILABLE, TIMEOUT. */
export const readSources = (sources: readonly string[], context: Context): Promise<ReadFlow[]> =>
  sourcesInTurn(sources, readFlow, context);

export async function readSource(source: string, context: Context): Promise<ReadFlow> {
  const [read] = await readSources([source], context);
  return read!;
}
