import { LRUCache } from 'lru-cache';
import type { Row } from '../../../access/grant.ts';
import type { Where } from '../../../access/where.ts';
import type { AuditEvent, PrismaClient } from '../../../db/generated/client.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { remember } from '../../../lib/remember.ts';
import { matcherOf } from '../../../policy/filter/matcher.ts';
import { EventRing } from './event-ring.ts';

/** Matches each event against a filter once for all subscribers with the same filter. */
export class Judge {
  readonly #reaches: (row: Row) => boolean;
  /** All columns that the filter uses. */
  readonly #columns: readonly string[];
  #last: { readonly row: Row; readonly answer: boolean } | undefined;
  readonly #known = new EventRing<boolean>();
  readonly #count: () => void;

  /** @param count is called for each evaluated event. */
  constructor(where: Where, count: () => void) {
    this.#reaches = matcherOf(where);
    this.#columns = [...columnsIn(where)];
    this.#count = count;
  }

  /** @param number number of the event in the room. */
  reaches(event: AuditEvent, number: number): boolean {
    const known = this.#known.get(event, number);
    if (known !== undefined) return known;
    const answer = this.#answer(event as unknown as Row);
    this.#count();
    this.#known.set(event, number, answer);
    return answer;
  }

  /** Consecutive events mostly have the same values in filtered columns. */
  #answer(row: Row): boolean {
    const last = this.#last;
    if (last && this.#columns.every((column) => last.row[column] === row[column])) return last.answer;
    const answer = this.#reaches(row);
    this.#last = { row, answer };
    return answer;
  }
}

function columnsIn(where: Where, columns = new Set<string>()): Set<string> {
  for (const [key, value] of Object.entries(where)) {
    if (key !== 'AND' && key !== 'OR') columns.add(key);
    else for (const part of value as Where[]) columnsIn(part, columns);
  }
  return columns;
}

/** Indexes filters by their content. */
export class Judges {
  readonly #byFilter = new WeakMap<Where, Judge>();
  readonly #byContent = new LRUCache<string, Judge>({ max: 2_000 });
  readonly #count: () => void;

  constructor(count: () => void) {
    this.#count = count;
  }

  of(where: Where): Judge {
    return remember(this.#byFilter, where, () =>
      remember(this.#byContent, canonicalJson(where), () => new Judge(where, this.#count)),
    );
  }
}

/**
 * A subscriber's own filter: evaluated in the database, so that it has the same meaning as in lists, once per filter.
 */
export class SharedFilter {
  readonly #db: PrismaClient;
  readonly #condition: Condition;
  readonly #known = new LRUCache<string, boolean>({ max: 1_000 });
  #asking: Promise<void> | undefined;

  constructor(db: PrismaClient, condition: Condition) {
    this.#db = db;
    this.#condition = condition;
  }

  /** undefined: not asked yet. */
  passes(event: AuditEvent): boolean | undefined {
    return this.#known.get(event.id);
  }

  async ask(events: readonly AuditEvent[]): Promise<void> {
    // One at a time: the next subscriber finds most of its answers in the cache.
    if (this.#asking) return this.#asking;
    const ids = events.map(({ id }) => id).filter((id) => this.#known.get(id) === undefined);
    if (ids.length === 0) return;
    this.#asking = this.#find(ids).finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #find(ids: readonly string[]): Promise<void> {
    const rows = await this.#db.auditEvent.findMany({
      where: { AND: [{ id: { in: [...ids] } }, this.#condition] },
      select: { id: true },
    });
    const passing = new Set(rows.map(({ id }) => id));
    for (const id of ids) this.#known.set(id, passing.has(id));
  }
}
