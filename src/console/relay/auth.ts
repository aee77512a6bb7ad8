import { faultOf } from './fault.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** What a sign-in asks for besides the password. */
  readonly asks: readonly string[];
}

/** Sends to one of the paths of the sign-in. @returns the answer, or why it is refused. */
export async function postAuth<Answer>(path: string, body: object): Promise<{ answer: Answer } | { refusal: Refusal }> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    return { refusal: { code: 'NETWORK', message: 'The gateway cannot be reached. Try again.', asks: [] } };
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  const [error] = (answer as { errors?: Parameters<typeof faultOf>[0][] }).errors ?? [];
  if (response.ok && !error) return { answer: answer as Answer };
  const { code, message } = faultOf(error ?? { message: `The gateway answered with status ${response.status}.` });
  const asks = (error?.extensions?.['asks'] ?? []) as readonly string[];
  return { refusal: { code, message, asks } };
}

/** Ends the session, and at a provider that can do so the one there. */
export async function signOut(): Promise<void> {
  const sent = await postAuth<{ endSessionUrl?: string }>('/auth/sign-out', {});
  location.assign(('answer' in sent && sent.answer.endSessionUrl) || '/auth/sign-in');
}
