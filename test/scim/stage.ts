import type { Permission } from '../../src/access/catalog.ts';
import type { ServiceAccount, Tenant } from '../../src/db/generated/client.ts';
import { ScimClient } from '../support/scim.ts';
import { World } from '../support/world.ts';

export const ofTenant: readonly Permission[] = [
  'TENANT_ACCESS:CREATE',
  'TENANT_ACCESS:READ',
  'TENANT_ACCESS:DELETE',
  'GROUP:CREATE',
  'GROUP:READ',
  'GROUP:UPDATE',
  'GROUP:DELETE',
];
export const ofInstance: readonly Permission[] = ['USER:CREATE', 'USER:UPDATE', 'USER:DELETE'];

/** A tenant with a provisioning client that holds these permissions. */
export async function provisioned(
  world: World,
  tenant: Tenant,
  name = 'directory',
  inTenant = ofTenant,
  inInstance = ofInstance,
): Promise<{ client: ScimClient; account: ServiceAccount; token: string }> {
  const account = await world.account(tenant, name);
  if (inTenant.length > 0) await world.grant(tenant, account, inTenant);
  if (inInstance.length > 0) await world.grant(null, account, inInstance);
  const token = await world.token(account);
  return { client: new ScimClient(world.urls[0]!, tenant.key, token), account, token };
}

export { World };
