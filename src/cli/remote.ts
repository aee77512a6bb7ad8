import type { Issue } from '../errors.ts';

/** A running gateway and who asks. */
export interface Remote {
  readonly url: string;
  readonly authorization: string;
}

export interface RemoteError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly issues?: readonly Issue[] };
}
export interface RemoteAnswer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly RemoteError[];
}

/** The options by which a command reaches a gateway. */
export const remoteOptions = {
  server: { type: 'string' },
  'api-token': { type: 'string' },
  user: { type: 'string' },
} as const;
export const remoteUsage = '--server URL (--api-token TOKEN | --user USER:PASSWORD)';

/** @throws where one of them is missing or wrong. */
export function readRemote(values: { server?: string; 'api-token'?: string; user?: string }): Remote {
  const { server, user, 'api-token': token } = values;
  if (server === undefined || !URL.canParse(server)) throw new Error('--server needs the URL of the gateway.');
  if ((user === undefined) === (token === undefined)) throw new Error('Sign in by --api-token or by --user.');
  if (user !== undefined && !user.includes(':')) throw new Error('--user needs USER:PASSWORD.');
  return {
    url: `${server.replace(/\/$/, '')}/graphql`,
    authorization: token !== undefined ? `Bearer ${token}` : `Basic ${Buffer.from(user!, 'utf8').toString('base64')}`,
  };
}

/** Sends one operation. Never throws: that the gateway does not answer is an error like any other. */
export async function ask<Data>(
  { url, authorization }: Remote,
  query: string,
  variables: Record<string, unknown>,
): Promise<RemoteAnswer<Data>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    return text.startsWith('{')
      ? (JSON.parse(text) as RemoteAnswer<Data>)
      : { errors: [{ message: `${url} answered with status ${response.status}.` }] };
  } catch (error) {
    const { cause, message } = error as Error;
    return { errors: [{ message: `${url} does not answer: ${cause instanceof Error ? cause.message : message}` }] };
  }
}
