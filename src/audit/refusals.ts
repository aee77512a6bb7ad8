import type { Permission } from '../access/catalog.ts';
import type { Doer } from '../access/grant.ts';
import type { Store } from '../db/transaction.ts';
import type { GatehouseError } from '../errors.ts';
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

/** Refused mutations and streams of a minute that are events of their own, for each actor, permission and tenant. */
const actsApart = 20;

const actorOf = ({ id, impersonator }: Doer): string => `${id} ${impersonator?.id ?? ''}`;

/**
 * Puts refusals on record, before they are answered. A page that asks for much it may not see is one event, and who
 * tries all there is makes some tens of events a minute and one with the count of the others.
 */
export class Refusals {
  readonly #store: Store;
  readonly merging = new Merging();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A refused read: the first of a minute, for each actor, permission and tenant; the others as one. */
  async read({ doer, permission, field, tenantId, error }: RefusedRead, now?: number): Promise<void> {
    const actor = actorOf(doer);
    const write = async (count: number) => {
      const tenant = await this.#tenantOf(tenantId);
      await recordRefusal(this.#store, doer, { permission, field, tenant, resourceId: '', error, count });
    };
    const key = ['read', actor, permission, tenantId ?? ''].join(' ');
    await this.merging.note({ key, actor }, () => write(1), write, now);
  }

  /** A refused mutation or stream. @returns whether it has an event of its own. */
  async act({ doer, tenantId, ...refused }: RefusedAct, now?: number): Promise<boolean> {
    const actor = actorOf(doer);
    const { permission, field, error } = refused;
    const one = async () => recordRefusal(this.#store, doer, { ...refused, tenant: await this.#tenantOf(tenantId) });
    const rest = async (count: number) => {
      const tenant = await this.#tenantOf(tenantId);
      await recordRefusal(this.#store, doer, { permission, field, tenant, resourceId: '', error, count });
    };
    const key = ['act', actor, permission, tenantId ?? ''].join(' ');
    return this.merging.note({ key, actor, apart: actsApart, count: refused.count ?? 1 }, one, rest, now);
  }

  sweep = (now?: number): Promise<void> => this.merging.sweep(now);

  #tenantOf(tenantId: string | undefined) {
    if (tenantId === undefined) return null;
    return this.#store.prisma.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
  }
}
