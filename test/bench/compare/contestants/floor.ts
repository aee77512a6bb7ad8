/** The floor: one statement, one body, no GraphQL. */
import { createServer } from 'node:http';
import { documents, place, type Work } from '../documents.ts';
import { idOf, openHand } from './hand.ts';

const { port, ...own } = place();
const hand = await openHand({ port, ...own });
const works = new Map(Object.entries(documents).map(([work, text]) => [text, work as Work]));

const answers: Record<Work, (name: string) => Promise<unknown>> = {
  tiny: async (name) => ({ viewer: { name } }),
  list: async () => {
    const rows = await hand.run('triggersWithFlow');
    const nodes = rows.slice(0, 20).map(({ id, triggerId, disabled, flowKey, revision }) => ({
      id: idOf('Trigger', id),
      triggerId,
      disabled,
      flow: { id: idOf('Flow', flowKey), revision },
    }));
    return { tenant: { triggers: { nodes } } };
  },
  nested: async () => {
    const rows = await hand.run('flowsWithTriggers');
    const nodes = rows.slice(0, 20).map(({ id, flowId, triggers }) => ({
      id: idOf('Flow', id),
      flowId,
      triggers: {
        nodes: triggers.slice(0, 5).map((text: string) => {
          const [trigger, triggerId] = text.split(' ');
          return { id: idOf('Trigger', trigger!), triggerId };
        }),
      },
    }));
    return { tenant: { flows: { nodes } } };
  },
};

createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', async () => {
    const { query } = JSON.parse(Buffer.concat(parts).toString());
    const data = await answers[works.get(query) ?? 'tiny'](hand.callerOf(request.headers.authorization).name);
    const body = JSON.stringify({ data });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
}).listen(port, () => console.log('ready'));
