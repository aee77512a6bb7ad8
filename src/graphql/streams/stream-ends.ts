import type { Permission } from '../../access/catalog.ts';
import { GatehouseError, notFound } from '../../errors.ts';
import { remember } from '../../lib/remember.ts';
import type { Context } from '../context.ts';

/** The field and permission of a stream. */
export interface Followed {
  readonly field: string;
  readonly permission: Permission;
  readonly tenantId: string | undefined;
}

const withdrawn = new Set(['UNAUTHENTICATED', 'SECOND_FACTOR_REQUIRED', 'FORBIDDEN', 'NOT_FOUND', 'POLICY_ERROR']);

/** Records the end of a stream when a permission or credential was revoked. */
export function recordingEnd<T>(
  stream: AsyncGenerator<T, void>,
  { session, endedStreams }: Context,
  followed: Followed,
): AsyncGenerator<T, void> {
  // The session may be gone later.
  const { doer } = session;
  return {
    next: async () => {
      try {
        return await stream.next();
      } catch (error) {
        if (error instanceof GatehouseError && withdrawn.has(error.code))
          endedStreams.note({ ...followed, doer, error });
        throw error;
      }
    },
    return: (value) => stream.return(value),
    throw: (error) => stream.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  };
}

interface Looked {
  readonly revision: bigint;
  readonly isThere: Promise<boolean>;
}
const tenants = new WeakMap<object, Map<string, Looked>>();

/** Checks that the tenant still exists, once for each access revision for all followers. @throws NOT_FOUND */
export async function assertTenant({ store, session }: Context, tenantId: string): Promise<void> {
  const known = remember(tenants, store, () => new Map<string, Looked>());
  let looked = known.get(tenantId);
  if (looked?.revision !== session.revision) {
    const isThere = store.prisma.tenant
      .findFirst({ where: { id: tenantId }, select: { id: true } })
      .then((row) => row !== null);
    looked = { revision: session.revision, isThere };
    known.set(tenantId, looked);
    isThere.catch(() => known.delete(tenantId));
  }
  if (!(await looked.isThere)) throw notFound('The tenant');
}
