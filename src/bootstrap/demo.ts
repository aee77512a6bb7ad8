import type { Keys } from '../auth/keys.ts';
import type { Config } from '../config.ts';
import type { Tenant } from '../db/generated/client.ts';
import { inTransaction, type Store, type Tx } from '../db/transaction.ts';
import { asSystem } from '../policy/session/system.ts';
import { createApiToken } from '../resources/identity/api-token/service.ts';
import { bind } from '../resources/identity/binding/service.ts';
import { insertMember } from '../resources/identity/group/members.ts';
import { createGroup } from '../resources/identity/group/service.ts';
import { createServiceAccount } from '../resources/identity/service-account/service.ts';
import { createTenant } from '../resources/identity/tenant/service.ts';
import { giveAccess } from '../resources/identity/tenant-access/service.ts';
import { createUser } from '../resources/identity/user/service.ts';
import { createNamespace } from '../resources/orchestration/namespace/service.ts';
import { loadDemoPlane } from './demo-plane.ts';
import { generatePassword } from './first-start.ts';

export interface Demo {
  readonly tenant: string;
  readonly users: readonly { readonly username: string; readonly password: string; readonly what: string }[];
  readonly token: string;
  /** API token of the engine of the demo; undefined without one. */
  readonly engineToken: string | undefined;
}

/** The person whom the start signs in. */
export const demoUser = 'alice';
export const demoTenant = 'main';

const people = [
  { username: demoUser, firstName: 'Alice', what: 'Admin of the tenant' },
  { username: 'bob', firstName: 'Bob', what: 'Editor in company.data, through the group Data' },
  { username: 'carol', firstName: 'Carol', what: 'Viewer of the whole tenant' },
] as const;

const namespaces = {
  company: 'All namespaces of the company.',
  'company.data': 'The data team.',
  'company.data.ingest': 'Imports data.',
  'company.sales': 'The sales team.',
};

const loadMs = 60_000;

/**
 * Creates a small organisation: one tenant, three users, a group, a service account with a token, flows with their
 * triggers, workers, and a week of executions.
 */
export async function loadDemo(
  store: Store,
  keys: Keys,
  { limits: { passwordLength }, liveness, demoEngine }: Pick<Config, 'limits' | 'liveness' | 'demoEngine'>,
): Promise<Demo> {
  const reason = 'demo organisation';
  return inTransaction(
    store,
    async (tx) => {
      const tenant = await createTenant(tx, asSystem('TENANT:CREATE', reason), {
        key: demoTenant,
        name: 'Demo company',
      });
      const role = (name: string) => tx.role.findFirstOrThrow({ where: { tenantId: tenant.id, name } });
      for (const [name, description] of Object.entries(namespaces)) {
        await createNamespace(tx, asSystem('NAMESPACE:CREATE', reason, tenant.id), tenant, { name, description });
      }
      const ids = new Map<string, string>();
      const users: Demo['users'][number][] = [];
      for (const { username, firstName, what } of people) {
        const password = generatePassword();
        const email = `${username}@company.example`;
        const user = await createUser(
          tx,
          asSystem('USER:CREATE', reason),
          { username, firstName, email, password },
          passwordLength,
        );
        await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', reason), tenant, user.id);
        ids.set(username, user.id);
        users.push({ username, password, what });
      }
      const binding = asSystem('BINDING:CREATE', reason, tenant.id);
      const data = await createGroup(tx, asSystem('GROUP:CREATE', reason), tenant, {
        name: 'Data',
        description: 'The data team.',
      });
      await insertMember(tx, asSystem('GROUP:UPDATE', reason), tenant, data, ids.get('bob')!, 'OWNER');
      await bind(tx, binding, tenant, {
        principalId: ids.get('alice')!,
        groupId: null,
        role: await role('Admin'),
        namespace: '',
      });
      await bind(tx, binding, tenant, {
        principalId: null,
        groupId: data.id,
        role: await role('Editor'),
        namespace: 'company.data',
      });
      await bind(tx, binding, tenant, {
        principalId: ids.get('carol')!,
        groupId: null,
        role: await role('Viewer'),
        namespace: '',
      });
      const account = await createServiceAccount(tx, asSystem('SERVICE_ACCOUNT:CREATE', reason), tenant, {
        name: 'ci-deploy',
        description: 'Deploys flows from the build server.',
      });
      await bind(tx, binding, tenant, {
        principalId: account.id,
        groupId: null,
        role: await role('Editor'),
        namespace: 'company',
      });
      const minted = await createApiToken(tx, asSystem('API_TOKEN:CREATE', reason), keys, account, {
        name: 'build-server',
        maxAge: 90 * 86_400,
      });
      await loadDemoPlane(tx, tenant, liveness, new Date());
      const engineToken = demoEngine ? await createEngineAccount(tx, keys, tenant) : undefined;
      return { tenant: tenant.key, users, token: minted.fullToken, engineToken };
    },
    { timeoutMs: loadMs },
  );
}

/** The account of the engine: of the instance, with access to the tenant of the demo. @returns its token. */
async function createEngineAccount(tx: Tx, keys: Keys, tenant: Tenant): Promise<string> {
  const reason = 'demo engine';
  const account = await createServiceAccount(tx, asSystem('SERVICE_ACCOUNT:CREATE', reason), null, {
    name: 'demo-engine',
    description: 'Runs the flows of the demo.',
  });
  await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', reason), tenant, account.id);
  for (const place of [null, tenant]) {
    const role = await tx.role.findFirstOrThrow({ where: { tenantId: place?.id ?? null, name: 'Engine' } });
    const subject = { principalId: account.id, groupId: null, role, namespace: '' };
    await bind(tx, asSystem('BINDING:CREATE', reason), place, subject);
  }
  const owner = { id: account.id, tenantId: null };
  const { fullToken } = await createApiToken(tx, asSystem('API_TOKEN:CREATE', reason), keys, owner, { name: 'engine' });
  return fullToken;
}
