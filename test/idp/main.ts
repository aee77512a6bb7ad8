import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { startProvider } from './provider.ts';

/** `npm run idp`: an OpenID provider for development, with three people. */
const secret = 'only for development';
const { issuer, people } = await startProvider(4100, {
  id: 'gatehouse',
  secret,
  origins: [process.env['GATEWAY'] ?? 'http://localhost:4000'],
  name: 'local',
});
// PUT http://localhost:4101/erin with ["data"] changes the groups of a person.
createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const person = people.get(request.url?.slice(1) ?? '');
  if (!person) return void response.writeHead(404).end();
  const text = (await request.toArray()).join('');
  if (request.method === 'PUT') person.groups = JSON.parse(text);
  response.end(`${JSON.stringify(person)}\n`);
}).listen(4101, 'localhost');
console.log(
  `The provider listens on ${issuer}. Its people are ${[...people.keys()].join(', ')}; every password is right.`,
);
console.log(`Sign out of it at ${issuer}/session/end. Start Gatehouse with IDP_SECRET='${secret}'.`);
