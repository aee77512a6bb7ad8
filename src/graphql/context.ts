import type { EndedStreams } from '../audit/ended-streams.ts';
import type { AuditFeed } from '../audit/feed.ts';
import type { Readings } from '../audit/readings.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { Keys } from '../auth/keys.ts';
import type { Links } from '../auth/links.ts';
import type { Providers } from '../auth/oidc/providers.ts';
import type { SessionTimes } from '../auth/sessions.ts';
import type { Config, Limits, Liveness } from '../config.ts';
import type { ChangeFeed } from '../db/change-feed.ts';
import type { Deadline } from '../db/deadline.ts';
import type { PrismaClient } from '../db/generated/client.ts';
import type { Store } from '../db/transaction.ts';
import type { Counted } from '../lib/counted.ts';
import type { Engine } from '../policy/decide/engine.ts';
import type { DecisionLog } from '../policy/decisions/log.ts';
import type { LivePolicies } from '../policy/load/live-policies.ts';
import type { AccessSession } from '../policy/session/session.ts';
import type { StreamChannel } from './streams/stream-channel.ts';

/** Dependencies that exist once per gateway. */
export interface Services {
  readonly store: Store;
  readonly keys: Keys;
  readonly limits: Limits;
  readonly sessionTimes: SessionTimes;
  readonly links: Links;
  /** GATEHOUSE_ORIGINS. */
  readonly origins: readonly string[] | undefined;
  readonly invitationMs: number;
  /** The providers of single sign-on, by name. */
  readonly providers: Providers;
  /** Issuers of tokens that service accounts can trust. */
  readonly workloadIssuers: readonly string[];
  readonly liveness: Liveness;
  readonly commands: Config['commands'];
  readonly externalSecrets: Config['externalSecrets'];
  /** Targets of audit event shipping. */
  readonly destinations: readonly { readonly name: string; readonly to: string }[];
  readonly feed: AuditFeed;
  /** Changes of rows other than audit events. */
  readonly changes: ChangeFeed;
  readonly refusals: Refusals;
  readonly endedStreams: EndedStreams;
  readonly decisions: DecisionLog;
  /** SSE subscriptions by account. */
  readonly streams: Counted;
  readonly engine: Engine;
  readonly policies: LivePolicies;
  readonly version: string;
  readonly storeKind: 'embedded' | 'external';
}

/** Context of a resolver. */
export interface Context extends Services {
  readonly db: PrismaClient;
  readonly session: AccessSession;
  readonly deadline: Deadline | undefined;
  /** Loaders of this request. */
  readonly loaders: Map<unknown, unknown>;
  /** This request's reads of the audit log. */
  readonly readings: Readings;
  /** Lets a subscription send its own items. */
  readonly channel?: StreamChannel | undefined;
  /** Over SSE: closes the connection of a subscriber that does not read. */
  readonly cutOff?: (() => void) | undefined;
  /** Over HTTP: registers a callback for when the connection closes. */
  readonly onClosed?: ((work: () => void) => void) | undefined;
  /** Set if a result is shared by several viewers: records what it depends on. */
  readonly asked?: (question: Question) => boolean | string;
}

/**
 * A question of a resolver about its viewer, with a plain answer. A subscription result that depends on nothing else
 * about its viewer is valid for every viewer with the same answers.
 */
export type Question = (context: Context) => boolean | string;
