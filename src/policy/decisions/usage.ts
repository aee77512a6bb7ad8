import { LRUCache } from 'lru-cache';
import type { Permission } from '../../access/catalog.ts';
import type { Store } from '../../db/transaction.ts';
import { remember } from '../../lib/remember.ts';
import { appliesIn } from '../principals/holdings.ts';
import type { Principal } from '../principals/principal.ts';

const dayMs = 86_400_000;

/**
 * Records when permissions of roles were last used, at most once a day for each, so that unused permissions can be
 * found.
 */
export class RoleUsage {
  readonly #store: Store;
  readonly #seen = new WeakMap<Principal, Set<string>>();
  /** The day last written, by role and permission. */
  readonly #written = new LRUCache<string, number>({ max: 100_000 });
  #waiting = new Map<string, { roleId: string; permission: Permission; lastUsedAt: string }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Forgets what was written. Call it after a restore: the restored store may not contain it. */
  forget(): void {
    this.#written.clear();
  }

  /** Records the use of a permission for every role of the principal that grants it. */
  note(principal: Principal, permission: Permission, tenantId: string | undefined, now: Date): void {
    const day = Math.floor(now.getTime() / dayMs);
    const own = remember(this.#seen, principal, () => new Set<string>());
    const key = `${permission} ${tenantId ?? ''} ${day}`;
    if (own.has(key)) return;
    own.add(key);
    for (const holding of principal.holdings) {
      if (holding.tenantId !== null && holding.tenantId !== tenantId) continue;
      if (!holding.permissions.includes(permission) || !appliesIn(holding, permission)) continue;
      const mark = `${holding.roleId} ${permission}`;
      if (this.#written.get(mark) === day) continue;
      this.#waiting.set(mark, { roleId: holding.roleId, permission, lastUsedAt: now.toISOString() });
    }
  }

  /** Writes everything that waits. After an error, it is kept for the next call. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting.size === 0) return;
    this.#waiting = new Map();
    try {
      const rows = JSON.stringify([...waiting.values()]);
      await this.#store.prisma.$executeRaw`
        INSERT INTO "PermissionUse" SELECT * FROM jsonb_populate_recordset(NULL::"PermissionUse", ${rows}::jsonb)
        ON CONFLICT ("roleId", permission) DO UPDATE
          SET "lastUsedAt" = GREATEST("PermissionUse"."lastUsedAt", excluded."lastUsedAt")`;
      for (const [mark, { lastUsedAt }] of waiting) this.#written.set(mark, Math.floor(Date.parse(lastUsedAt) / dayMs));
    } catch (error) {
      this.#waiting = new Map([...waiting, ...this.#waiting]);
      throw error;
    }
  }
}
