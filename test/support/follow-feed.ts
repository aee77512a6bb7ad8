import type { Position } from '../../src/audit/cursor.ts';
import type { AuditFeed } from '../../src/audit/feed.ts';
import type { AuditEvent } from '../../src/db/generated/client.ts';

/** Yields the events after a position from the tail that all followers share. */
export async function* followFeed(
  feed: AuditFeed,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly AuditEvent[], void> {
  const tenantId = position.feed === 'tenant' ? position.tenantId : undefined;
  try {
    yield* feed.join(tenantId).follow(position, [signal, feed.closing], 1_000);
  } finally {
    feed.leave(tenantId);
  }
}
