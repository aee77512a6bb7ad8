import type { Doer, Origin } from '../../../access/grant.ts';
import { append, envelope } from '../../../audit/record.ts';
import type { Refusals } from '../../../audit/refusals.ts';
import { inTransaction, type Store } from '../../../db/transaction.ts';
import type { Json } from '../../../lib/json.ts';
import { peerOf } from '../../../lib/peer.ts';
import { storable } from '../../../lib/text.ts';

/** A sign-in or a logout token of a provider that failed. */
export interface Failure {
  readonly provider: string;
  readonly cause: string;
  /** DENIED: of the person or the browser. ERROR: of the provider or the settings. */
  readonly outcome: 'DENIED' | 'ERROR';
  readonly action: 'session.login-failure' | 'session.logout-failure';
  readonly details: Readonly<Record<string, string>>;
}

/** A provider or a browser chose the text. */
const short = (text: string): string => storable(text.slice(0, maxText));
const maxText = 300;

/** Max separate events per minute for failures that name a person, for the administrator who links them. */
const personsApart = 20;

/**
 * Records a failure. A caller without an account can cause many, so those of one address, provider and cause are merged each minute.
 * @returns true if it has a separate event.
 */
export async function recordFailure(
  { store, refusals }: { readonly store: Store; readonly refusals: Refusals },
  from: Origin,
  { provider, cause, outcome, action, details }: Failure,
): Promise<boolean> {
  const doer: Doer = { kind: 'ANONYMOUS', id: '', name: 'anonymous', ...from };
  const write = (more: { readonly [name: string]: Json }) =>
    inTransaction(store, async (tx) =>
      append(tx, {
        ...envelope(doer),
        tenantId: '',
        tenantKey: '',
        type: 'LOGIN_FAILURE',
        action,
        outcome,
        resource: 'SESSION',
        resourceId: '',
        resourceKey: `provider:${provider}`,
        namespace: '',
        patchText: '',
        details: { method: 'OIDC', provider, cause, ...more },
      }),
    );
  const peer = peerOf(from.ip);
  const apart = details['subject'] === undefined ? 1 : personsApart;
  return refusals.merging.note(
    { key: ['provider', provider, cause, peer].join(' '), actor: `provider ${peer}`, apart },
    () => write(Object.fromEntries(Object.entries(details).map(([name, text]) => [name, short(text)]))),
    (count) => write({ count }),
  );
}
