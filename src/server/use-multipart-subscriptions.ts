import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { withoutHttp } from '../graphql/mask.ts';

const boundary = '--graphql';
const heartbeatMs = 12_000;
const utf8 = new TextEncoder();

const isStream = (result: unknown): result is AsyncIterable<ExecutionResult> =>
  typeof result === 'object' && result !== null && Symbol.asyncIterator in result;

const payload = ({ errors, ...result }: ExecutionResult): string =>
  JSON.stringify({
    payload: { ...result, ...(errors && { errors: errors.map((error) => withoutHttp(error.toJSON() as object)) }) },
  });

/** A part ends with the boundary of the next, so that a client can read it at once. */
export const partOf = (json: string): string => `\r\nContent-Type: application/json\r\n\r\n${json}\r\n${boundary}`;

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result;
}

/** The items as parts: the next one is asked for when the reader has taken the last. */
function partsOf(items: AsyncIterator<ExecutionResult>): ReadableStream<Uint8Array> {
  let heartbeat: NodeJS.Timeout;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(utf8.encode(`\r\n${boundary}`));
      heartbeat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(utf8.encode(partOf('{}')));
      }, heartbeatMs).unref();
    },
    async pull(controller) {
      const { value, done } = await items.next();
      if (!done) return controller.enqueue(utf8.encode(partOf(payload(value))));
      clearInterval(heartbeat);
      controller.enqueue(utf8.encode('--\r\n'));
      controller.close();
    },
    async cancel() {
      clearInterval(heartbeat);
      await items.return?.();
    },
  });
}

/** Apollo's own transport of subscriptions: multipart/mixed with `subscriptionSpec=1.0`. */
export function useMultipartSubscriptions(): Plugin {
  return {
    onResultProcess({ request, result, setResultProcessor }) {
      const accept = request.headers.get('accept') ?? '';
      if (!/multipart\/mixed[^,]*subscriptionSpec/i.test(accept)) return;
      // What is no stream is plain JSON for those who take it.
      if (!isStream(result) && /json|\*\/\*/.test(accept)) return;
      setResultProcessor((made, { Response }) => {
        const items = isStream(made) ? made : once(made as ExecutionResult);
        return new Response(partsOf(items[Symbol.asyncIterator]()), {
          headers: {
            'Content-Type': 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
            'Cache-Control': 'no-cache',
          },
        });
      }, 'multipart/mixed');
    },
  };
}
