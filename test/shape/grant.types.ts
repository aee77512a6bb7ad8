// Type-checked only: a missing or a wrong grant must not compile.
import type { Grant } from '../../src/access/grant.ts';
import type { Tx } from '../../src/db/transaction.ts';
import { updateGroup } from '../../src/resources/identity/group/service.ts';

declare const tx: Tx;
declare const read: Grant<'GROUP:READ'>;
declare const update: Grant<'GROUP:UPDATE'>;
const tenant = { id: 't', key: 't' };

export const right = () => updateGroup(tx, update, tenant, 'id', {});
// @ts-expect-error a READ grant does not update
export const wrong = () => updateGroup(tx, read, tenant, 'id', {});
// @ts-expect-error no grant
export const none = () => updateGroup(tx, undefined, tenant, 'id', {});
// @ts-expect-error only the engine creates grants
export const forged: Grant<'GROUP:UPDATE'> = { permission: 'GROUP:UPDATE', tenantId: null, where: {}, decisionId: '' };
