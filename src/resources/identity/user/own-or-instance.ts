import { GatehouseError } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';

/**
 * Decides about a field of a user that the user and the instance level read. For others it is null, with the error at its
 * path. @throws FORBIDDEN.
 */
export function assertOwnOrInstance(user: object, { session }: Pick<Context, 'session'>): void {
  if (!session.can('USER:READ', { ...user }))
    throw new GatehouseError(
      'FORBIDDEN',
      'USER:READ is required at the instance level to read this field of another user.',
      { permission: 'USER:READ' },
    );
}
