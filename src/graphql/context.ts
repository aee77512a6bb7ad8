import type { EndedStreams } from '../audit/ended-streams.ts';
import type { AuditFeed } from '../audit/feed.ts';
import type { Readings } from '../audit/readings.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { Keys } from '../auth/keys.ts';
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
import type { DirectWay } from './streams/direct-delivery.ts';
import type { Question } from './streams/shared-viewing.ts';

/** What every gateway has once. */
export interface Services {
  readonly store: Store;
  readonly keys: Keys;
  readonly limits: Limits;
  readonly liveness: Liveness;
  readonly commands: Config['commands'];
  /** Where audit events are shipped to. */
  readonly destinations: readonly { readonly name: string; readonly to: string }[];
  readonly feed: AuditFeed;
  /** Changes of rows that are no audit events. */
  readonly changes: ChangeFeed;
  readonly refusals: Refusals;
  readonly endedStreams: EndedStreams;
  readonly decisions: DecisionLog;
  /** Subscriptions over SSE, by account. */
  readonly streams: Counted;
  readonly engine: Engine;
  readonly policies: LivePolicies;
  readonly version: string;
  readonly storeKind: 'embedded' | 'external';
}

/** What a resolver gets. */
export interface Context extends Services {
  readonly db: PrismaClient;
  readonly session: AccessSession;
  readonly deadline: Deadline | undefined;
  /** Loaders of this request, by what they load. */
  readonly loaders: Map<string, unknown>;
  /** What this request reads of the audit log. */
  readonly readings: Readings;
  /** Over WebSocket: how a subscription may send its items itself. */
  readonly direct?: DirectWay | undefined;
  /** Over SSE: ends the connection of a subscriber who takes nothing. */
  readonly cutOff?: (() => void) | undefined;
  /** Over HTTP: calls back when the connection is closed. */
  readonly onClosed?: ((work: () => void) => void) | undefined;
  /** Set where an answer is made for more than one viewer: notes what it rests on. */
  readonly asked?: (question: Question) => boolean | string;
}
