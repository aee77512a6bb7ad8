import type { Permission } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import type { Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
import { tenantOfChain } from './append-together.ts';
import { Merging } from './merging.ts';
import { type Refused, recordRefusal } from './refusal.ts';

interface RefusedRead {
  readonly doer: Doer;
  readonly permission: Permission;
  readonly field: string;
  readonly tenantId: string | undefined;
  readonly error: GatehouseError;
}
export interface RefusedAct extends Omit<Refused, 'tenant'> {
  readonly doer: Doer;
  readonly tenantId: string | undefined;
}

/** Max separate events per minute for refused mutations and streams, per actor, permission and tenant. */
const actsApart = 20;

const actorOf = ({ id, impersonator }: Doer): string => `${id} ${impersonator?.id ?? ''}`;

/**
 * Records refusals before the response. A page with many refused reads causes one event. An actor who tries everything
 * causes some tens of events per minute, and one with the count of the rest.
 */
export class Refusals {
  readonly #store: Store;
  readonly merging = new Merging();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Records a refused read: the first of a minute per actor, permission and tenant; the rest of the minute as one
   * event.
   */
  async read({ doer, permission, field, tenantId, error }: RefusedRead, now?: number): Promise<void> {
    const actor = actorOf(doer);
    const write = async (count: number) => {
      const tenant = await tenantOfChain(this.#store, tenantId);
      await recordRefusal(this.#store, doer, { permission, field, tenant, resourceId: '', error, count });
    };
    const key = ['read', actor, permission, tenantId ?? ''].join(' ');
    await this.merging.note({ key, actor }, () => write(1), write, now);
  }

  /** Records a refused mutation or stream. @returns true if it has a separate event. */
  async act({ doer, tenantId, ...refused }: RefusedAct, now?: number): Promise<boolean> {
    const actor = actorOf(doer);
    const { permission, field, error } = refused;
    const one = async () =>
      recordRefusal(this.#store, doer, { ...refused, tenant: await tenantOfChain(this.#store, tenantId) });
    const rest = async (count: number) => {
      const tenant = await tenantOfChain(this.#store, tenantId);
      await recordRefusal(this.#store, doer, { permission, field, tenant, resourceId: '', error, count });
    };
    const key = ['act', actor, permission, tenantId ?? ''].join(' ');
    return this.merging.note({ key, actor, apart: actsApart, count: refused.count ?? 1 }, one, rest, now);
  }

  sweep = (now?: number): Promise<void> => this.merging.sweep(now);
}
