// Checked by tsc, never run: a forgotten or a wrong decision does not compile.
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
// @ts-expect-error no decision at all
export const none = () => updateGroup(tx, undefined, tenant, 'id', {});
// @ts-expect-error a grant is made by the engine only
export const forged: Grant<'GROUP:UPDATE'> = { permission: 'GROUP:UPDATE', tenantId: null, where: {}, decisionId: '' };
