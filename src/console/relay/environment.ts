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
import { reportLost } from './connection.ts';
import { faultOf, NetworkFault, Refused, SignedOut } from './fault.ts';
import { type Hurdle, overcome } from './hurdle.ts';
import { currentVersion } from './refresh.ts';
import { keepSent } from './sent.ts';
import { settle } from './settled.ts';

interface Answer {
  readonly data?: unknown;
  readonly errors?: Parameters<typeof faultOf>[0][];
}

async function send(query: string, variables: object): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json' },
      body: JSON.stringify({ query, variables }),
    });
  } catch {
    reportLost();
    throw new NetworkFault('The gateway cannot be reached. Check the connection, and try again.');
  }
  const answer = (await response.json().catch(() => undefined)) as Answer | undefined;
  if (answer) return answer;
  if (response.status >= 500) reportLost();
  throw new NetworkFault(`The gateway answered with status ${response.status}. Try again.`);
}

/** The second: a second factor is required now, and the sign-in sets it up. */
const endsSession = new Set(['UNAUTHENTICATED', 'SECOND_FACTOR_REQUIRED']);

/** True once the viewer was signed in on this page. Before, the page leads to the sign-in. */
let wasSignedIn = false;

/** What the viewer can do about the errors of an answer. */
function hurdleOf(faults: readonly ReturnType<typeof faultOf>[]): Hurdle | undefined {
  if (wasSignedIn && faults.some(({ code }) => code === 'UNAUTHENTICATED')) return { kind: 'sign-in' };
  const stepUp = faults.find((fault) => fault.stepUp)?.stepUp;
  return stepUp && { kind: 'step-up', secondFactor: stepUp.secondFactor };
}

/** A page that is refreshed all the time still shows an answer. */
const maxAttempts = 3;

const fetchAnswer: FetchFunction = async ({ name, text, operationKind }, variables, { metadata }) => {
  const isMutation = operationKind === 'mutation';
  if (!isMutation) keepSent({ name, query: text!, variables });
  for (let attempt = 1; ; attempt += 1) {
    const version = currentVersion();
    const answer = await send(text!, variables);
    // Relay joins equal queries in flight. One that was sent before a change answers without it, so it is sent again.
    if (!isMutation && version !== currentVersion() && attempt < maxAttempts) continue;
    const faults = (answer.errors ?? []).map(faultOf);
    const isStrict = isMutation || metadata?.['isStrict'] === true;
    const hurdle = hurdleOf(faults);
    // A page with a refused field shows the rest. Only an act, or a page without data, is worth the question.
    if (hurdle && (hurdle.kind === 'sign-in' || isMutation) && (await overcome(hurdle))) continue;
    if (faults.some(({ code }) => endsSession.has(code))) throw new SignedOut('Sign in to go on.');
    wasSignedIn = true;
    // With data, each refused field of a query shows its error in its place.
    if (answer.data == null || (isStrict && faults.length > 0)) throw new Refused(faults);
    settle();
    return answer as GraphQLResponse;
  }
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
