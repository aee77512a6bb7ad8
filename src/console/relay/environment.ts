import { createClient } from 'graphql-ws';
import {
  Environment,
  type FetchFunction,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  Store,
  type SubscribeFunction,
} from 'relay-runtime';
import { faultOf, NetworkFault, Refused, SignedOut } from './fault.ts';

const fetchAnswer: FetchFunction = async ({ text }, variables) => {
  let response: Response;
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json' },
      body: JSON.stringify({ query: text, variables }),
    });
  } catch {
    throw new NetworkFault('The gateway cannot be reached. Check the connection, and try again.');
  }
  const answer = (await response.json().catch(() => undefined)) as
    | { data?: unknown; errors?: Parameters<typeof faultOf>[0][] }
    | undefined;
  if (!answer) throw new NetworkFault(`The gateway answered with status ${response.status}. Try again.`);
  const faults = (answer.errors ?? []).map(faultOf);
  if (faults.some(({ code }) => code === 'UNAUTHENTICATED')) throw new SignedOut('Sign in to go on.');
  // With data, each refused field shows its error in its place.
  if (answer.data == null) throw new Refused(faults);
  return answer as GraphQLResponse;
};

const sockets = createClient({
  url: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
  lazy: true,
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
});

const subscribe: SubscribeFunction = ({ text, name }, variables) =>
  Observable.create((sink) => sockets.subscribe({ query: text!, operationName: name, variables }, sink as never));

export const environment = new Environment({
  network: Network.create(fetchAnswer, subscribe),
  store: new Store(new RecordSource(), { gcReleaseBufferSize: 20 }),
});
