import { LRUCache } from 'lru-cache';
import type { AuditFeed, AuditTail } from '../../../audit/feed.ts';
import type { AuditEvent, PrismaClient } from '../../../db/generated/client.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { remember } from '../../../lib/remember.ts';
import type { Selection } from './shared-answers.ts';
import { Judges, SharedFilter } from './shared-filters.ts';

/** State that the followers of one feed share: a tenant's, or the one across all tenants. */
export class Room<Follower extends { wake(): void }> {
  /** Undefined for the feed across all tenants. */
  readonly tenantId: string | undefined;
  readonly feed: AuditFeed;
  readonly tail: AuditTail;
  readonly followers = new Set<Follower>();
  readonly selections = new Map<string, Selection>();
  readonly judges: Judges;
  readonly #filters = new LRUCache<string, SharedFilter>({ max: 200 });
  readonly #off: () => void;

  /** @param judged is called for each evaluated event. */
  constructor(feed: AuditFeed, tenantId: string | undefined, judged: () => void) {
    this.feed = feed;
    this.tenantId = tenantId;
    this.judges = new Judges(judged);
    this.tail = feed.join(tenantId);
    this.#off = this.tail.onChange(() => {
      for (const follower of this.followers) follower.wake();
    });
  }

  /** Consecutive events mostly have consecutive numbers. Caches of the room index them by it. */
  numberOf({ seq, ordinal }: AuditEvent): number {
    return Number(this.tenantId === undefined ? ordinal : seq);
  }

  filterOf(db: PrismaClient, condition: Condition): SharedFilter {
    return remember(this.#filters, canonicalJson(condition), () => new SharedFilter(db, condition));
  }

  close(): void {
    this.#off();
    this.feed.leave(this.tenantId);
  }
}
