import { GatehouseError } from '../errors.ts';
import { encodePosition } from './cursor.ts';

/** Up to where a chain was pruned, if it was. */
export type Pruned = { readonly tenantId: string; readonly seq: bigint } | null;

/** @throws CURSOR_EXPIRED with the oldest cursor that is still good, where events behind this place were pruned. */
export function assertKept(key: Buffer, seq: bigint, pruned: Pruned): void {
  if (!pruned || seq >= pruned.seq) return;
  throw new GatehouseError('CURSOR_EXPIRED', 'Events behind this cursor are not kept any more.', {
    oldestCursor: encodePosition(key, { feed: 'tenant', tenantId: pruned.tenantId, seq: pruned.seq }),
  });
}
