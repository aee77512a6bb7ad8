import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { allPermissions, entry, type Permission, split } from '../../src/access/catalog.ts';
import { type App, type AppOptions, createApp } from '../../src/app.ts';
import { verifyStore } from '../../src/audit/verify-store.ts';
import { firstStart } from '../../src/bootstrap/first-start.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { Connection } from '../../src/db/embedded.ts';
import type { Flow, Group, Namespace, Role, ServiceAccount, Tenant, User } from '../../src/db/generated/client.ts';
import { inTransaction, type Tx } from '../../src/db/transaction.ts';
import { createLog } from '../../src/lib/log.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { createApiToken } from '../../src/resources/identity/api-token/service.ts';
import { bind } from '../../src/resources/identity/binding/service.ts';
import { insertMember } from '../../src/resources/identity/group/members.ts';
import { createGroup } from '../../src/resources/identity/group/service.ts';
import { createRole } from '../../src/resources/identity/role/service.ts';
import { createServiceAccount } from '../../src/resources/identity/service-account/service.ts';
import { createTenant } from '../../src/resources/identity/tenant/service.ts';
import { giveAccess } from '../../src/resources/identity/tenant-access/service.ts';
import { createUser } from '../../src/resources/identity/user/service.ts';
import { checkedSource, saveFlow } from '../../src/resources/orchestration/flow/service.ts';
import { createNamespace } from '../../src/resources/orchestration/namespace/service.ts';
import { Client } from './client.ts';

/** All permissions to read in a tenant. An auditor needs them to read complete audit events. */
export const readsOfTenants: readonly Permission[] = allPermissions.filter(
  (permission) => permission.endsWith(':READ') && entry(split(permission)[0]).level !== 'instance',
);
export const password = 'a long enough passphrase';
export const masterKey = 'test master key, the same on every gateway';

export interface WorldOptions {
  /** Number of gateways that share the database. Default: 1. */
  readonly gateways?: number;
  readonly config?: Partial<Config>;
  readonly limits?: Partial<Config['limits']>;
  readonly app?: (index: number) => AppOptions;
  /** Level of `World.log`. Default: error. */
  readonly logLevel?: Config['log'];
  /** The connection of each gateway, if not direct. */
  readonly through?: (world: World, index: number) => Connection | undefined;
}

/** A separate database with gateways, and helpers to create users and objects. */
export class World {
  readonly name: string;
  readonly connection: { host: string; user: string; password: string; database: string };
  readonly apps: App[] = [];
  readonly urls: string[] = [];
  readonly log: string[] = [];

  private constructor(name: string) {
    const { host, user, password: secret } = inject('server');
    this.name = name;
    this.connection = { host, user, password: secret, database: name };
  }

  static async create({
    gateways = 1,
    config = {},
    limits = {},
    app = () => ({}),
    logLevel = 'error',
    through,
  }: WorldOptions = {}): Promise<World> {
    const world = new World(`t_${randomBytes(6).toString('hex')}`);
    await world.onServer(`CREATE DATABASE "${world.name}" TEMPLATE template`);
    const base = readConfig({ PORT: '0', DATABASE_URL: 'postgresql://unused/unused', GATEHOUSE_MASTER_KEY: masterKey });
    const full: Config = { ...base, ...config, limits: { ...base.limits, ...limits } };
    const log = createLog(logLevel, (line) => void world.log.push(line));
    for (let i = 0; i < gateways; i += 1) {
      const made = await createApp(full, through?.(world, i) ?? world.connection, log, app(i));
      if (i === 0) await firstStart(made.store, { username: 'root', password }, 15);
      world.apps.push(made);
      await made.freshness.confirm();
      world.urls.push(await made.listen());
    }
    return world;
  }

  /** The folder of the test server's socket. */
  static socket(): string {
    return inject('server').host;
  }

  /** Starts another gateway like the first on another database, such as a copy that is not restored yet. */
  async gatewayOn(connection: Connection): Promise<{ root: () => Client; close: () => Promise<void> }> {
    const app = await createApp(
      this.app.config,
      connection,
      createLog('error', () => undefined),
    );
    await app.freshness.confirm();
    const url = await app.listen();
    return { root: () => new Client(url, this.root().headers), close: () => app.close() };
  }

  async onServer(statement: string): Promise<void> {
    const client = new pg.Client({ ...this.connection, database: 'postgres' });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  /** Counts the statements that the first gateway sends for this work, except those of transactions. */
  async statements(work: () => Promise<unknown>): Promise<number> {
    const { pool } = this.app.database;
    const own = pool.query;
    let count = 0;
    pool.query = ((...args: unknown[]) => {
      count += 1;
      return (own as (...args: unknown[]) => unknown).apply(pool, args);
    }) as typeof pool.query;
    try {
      await work();
    } finally {
      pool.query = own;
    }
    return count;
  }

  get app(): App {
    return this.apps[0]!;
  }
  get db() {
    return this.app.database.prisma;
  }

  /** Set if a test wrote to the audit log directly, so that its chains may be invalid. */
  hasForgedEvents = false;

  async close(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()));
    // The audit log must be intact after every test.
    const chains = verifyStore(this.connection, this.app.services.keys.signing, []);
    if (!this.hasForgedEvents) for await (const { faults } of chains) assert.deepEqual(faults, []);
    await this.onServer(`DROP DATABASE IF EXISTS "${this.name}" WITH (FORCE)`);
  }

  /**
   * Writes as the gateway itself. The helpers below use the services instead of the API, because tests create hundreds
   * of such
   * rows, and the API has its own tests. No helper creates data that no public mutation can create.
   */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const result = await inTransaction(this.app.store, work, { timeoutMs: 60_000 });
    await Promise.all(this.apps.map((app) => app.freshness.confirm()));
    return result;
  }

  tenant = (key: string): Promise<Tenant> =>
    this.write((tx) => createTenant(tx, asSystem('TENANT:CREATE', 'test'), { key, name: key }));
  namespace = (tenant: Tenant, name: string): Promise<Namespace> =>
    this.write((tx) => createNamespace(tx, asSystem('NAMESPACE:CREATE', 'test'), tenant, { name }));
  group = (tenant: Tenant, name: string): Promise<Group> =>
    this.write((tx) => createGroup(tx, asSystem('GROUP:CREATE', 'test'), tenant, { name }));
  /** Grants access to the tenant to a user or an instance-wide service account, through the API as a super admin. */
  async access(tenant: Tenant, principal: { id: string }): Promise<void> {
    const user = await this.db.user.findUnique({ where: { id: principal.id } });
    const account = await this.db.serviceAccount.findUnique({ where: { id: principal.id } });
    const named = user ? { username: user.username } : { serviceAccountName: account!.name };
    await this.root().ok('mutation($i: GrantTenantAccessInput!) { grantTenantAccess(input: $i) { subject { id } } }', {
      i: { tenantKey: tenant.key, withDefaultRole: false, ...named },
    });
  }
  /** Creates a flow from its source, or its next revision. */
  flow = (tenant: Tenant, source: string): Promise<Flow> =>
    this.write(async (tx) => {
      const create = asSystem('FLOW:CREATE', 'test', tenant.id);
      const update = asSystem('FLOW:UPDATE', 'test', tenant.id);
      const saved = await saveFlow(tx, { create, update }, tenant, { source, read: checkedSource(source) });
      return saved.flow;
    });
  account = (tenant: Tenant | null, name: string): Promise<ServiceAccount> =>
    this.write((tx) => createServiceAccount(tx, asSystem('SERVICE_ACCOUNT:CREATE', 'test'), tenant, { name }));
  role = (tenant: Tenant | null, name: string, permissions: readonly Permission[]): Promise<Role> =>
    this.write((tx) => createRole(tx, asSystem('ROLE:CREATE', 'test'), tenant, { name, permissions }));
  managed = (tenant: Tenant, name: string): Promise<Role> =>
    this.db.role.findFirstOrThrow({ where: { tenantId: tenant.id, name } });

  user = (
    username: string,
    tenants: readonly Tenant[] = [],
    options: { superAdmin?: boolean; password?: string; email?: string } = {},
  ): Promise<User> =>
    this.write(async (tx) => {
      const user = await createUser(
        tx,
        asSystem('USER:CREATE', 'test'),
        { username, email: `${username}@people.example`, ...options },
        15,
      );
      for (const tenant of tenants) await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', 'test'), tenant, user.id);
      return user;
    });

  member = (tenant: Tenant, group: Group, principal: { id: string }, membership: 'OWNER' | 'MEMBER' = 'MEMBER') =>
    this.write((tx) => insertMember(tx, asSystem('GROUP:UPDATE', 'test'), tenant, group, principal.id, membership));

  bind = (
    tenant: Tenant | null,
    subject: { principal: { id: string } } | { group: Group },
    role: Role,
    namespace = '',
  ) =>
    this.write((tx) =>
      bind(tx, asSystem('BINDING:CREATE', 'test'), tenant, {
        principalId: 'principal' in subject ? subject.principal.id : null,
        groupId: 'group' in subject ? subject.group.id : null,
        role,
        namespace,
      }),
    );

  /** Creates a role with these permissions and binds it to the principal. */
  async grant(tenant: Tenant | null, principal: { id: string }, permissions: readonly Permission[], namespace = '') {
    const role = await this.role(tenant, `role ${randomBytes(4).toString('hex')}`, permissions);
    return this.bind(tenant, { principal }, role, namespace);
  }

  /** Creates an API token of the principal. */
  async token(owner: { id: string; tenantId?: string | null }): Promise<string> {
    const minted = await this.write((tx) =>
      createApiToken(
        tx,
        asSystem('API_TOKEN:CREATE', 'test'),
        this.app.services.keys,
        { id: owner.id, tenantId: owner.tenantId ?? null },
        { name: 'test' },
      ),
    );
    return minted.fullToken;
  }

  anonymous = (gateway = 0): Client => new Client(this.urls[gateway]!, {});
  basic = (username: string, secret = password, gateway = 0): Client =>
    this.anonymous(gateway).as({ authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` });
  bearer = (token: string, gateway = 0): Client => this.anonymous(gateway).as({ authorization: `Bearer ${token}` });
  /** Returns a client that is signed in with a new token. */
  async as(owner: { id: string; tenantId?: string | null }, gateway = 0): Promise<Client> {
    return this.bearer(await this.token(owner), gateway);
  }
  /** Returns a client of the initial super admin. */
  root = (gateway = 0): Client => this.basic('root', password, gateway);
}

/** Returns the global id of a row. */
export const idOf = (typename: string, row: { id: string }): string =>
  Buffer.from(`${typename}:${row.id}`).toString('base64');
