import type { Permission } from '../../src/access/catalog.ts';
import type {
  AuditEvent,
  Binding,
  Flow,
  Group,
  GroupMember,
  KeyValue,
  Namespace,
  Role,
  Secret,
  ServiceAccount,
  Tenant,
  Trigger,
  User,
} from '../../src/db/generated/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { removeFlow } from '../../src/resources/orchestration/flow/service.ts';
import { putFile } from '../../src/resources/orchestration/namespace/files.ts';
import { createSecret } from '../../src/resources/orchestration/secret/service.ts';
import type { Client } from '../support/client.ts';
import { flowSource } from '../support/flows.ts';
import { provider, signInWith } from '../support/providers.ts';
import { password, World, type WorldOptions } from '../support/world.ts';
import { type ExecutionStage, setExecutions } from './cells/executions.ts';
import type { ActorName } from './expected.ts';

/** The issuer of the provider `company`. */
export const issuer = 'https://login.example';
/** Mutations that an API token cannot perform. */
export const byPassword = new Set(['setUserPassword', 'linkUserIdentity', 'createPasswordLink']);

/** Two tenants, the objects of the cells, and the actors of each permission. */
export class Stage {
  readonly world: World;
  a!: Tenant;
  b!: Tenant;
  group!: Group;
  emptyRole!: Role;
  account!: ServiceAccount;
  person!: User;
  memberPerson!: GroupMember;
  namespace!: Namespace;
  binding!: Binding;
  groupBinding!: Binding;
  event!: AuditEvent;
  tokenId!: string;
  secret!: Secret;
  flow!: Flow;
  trigger!: Trigger;
  keyValue!: KeyValue;
  executions!: ExecutionStage;
  /** The newest actor: cells of an engine register a service for them. */
  lastActor!: User;
  #next = 0;

  private constructor(world: World) {
    this.world = world;
  }

  /** A new key-value pair in company.x. */
  newKeyValue = (): Promise<KeyValue> =>
    this.world.db.keyValue.create({
      data: {
        id: newId(),
        tenantId: this.a.id,
        namespace: 'company.x',
        key: this.name('k'),
        type: 'STRING',
        value: 'v',
      },
    });

  /** A new secret in company.x. */
  newSecret = (): Promise<Secret> =>
    this.world.write((tx) =>
      createSecret(tx, asSystem('SECRET:CREATE', 'test'), this.a, this.world.app.services.keys, {
        namespace: 'company.x',
        key: this.name('K').replaceAll('-', '_'),
        value: 'a value',
      }),
    );

  static async create(options: WorldOptions = {}): Promise<Stage> {
    const signIn = signInWith([provider('company', issuer)]);
    const externalSecrets = [{ backend: 'vault', tenant: 'a', namespace: 'company.x', keys: ['IN_VAULT'] }];
    const world = await World.create({ ...options, config: { signIn, externalSecrets, ...options.config } });
    const stage = new Stage(world);
    stage.a = await world.tenant('a');
    stage.b = await world.tenant('b');
    stage.person = await world.user('person', [stage.a]);
    stage.group = await world.group(stage.a, 'Target');
    await world.member(stage.a, stage.group, stage.person);
    stage.account = await world.account(stage.a, 'target-account');
    await world.member(stage.a, stage.group, stage.account);
    stage.emptyRole = await world.role(stage.a, 'Empty', []);
    stage.namespace = await world.namespace(stage.a, 'company.x');
    await world.namespace(stage.a, 'outside');
    stage.binding = await world.bind(stage.a, { principal: stage.person }, stage.emptyRole, 'company.x');
    stage.groupBinding = await world.bind(stage.a, { group: stage.group }, stage.emptyRole, 'company.x');
    stage.event = await world.db.auditEvent.findFirstOrThrow({
      where: { tenantId: stage.a.id, resource: 'NAMESPACE', namespace: 'company.x' },
    });
    stage.secret = await stage.newSecret();
    stage.keyValue = await stage.newKeyValue();
    stage.flow = await stage.newFlow('target-flow');
    stage.trigger = await world.db.trigger.findFirstOrThrow({ where: { flowKey: stage.flow.id } });
    stage.executions = await setExecutions(stage);
    await world.token(stage.account);
    stage.tokenId = (await world.db.apiToken.findFirstOrThrow({ where: { principalId: stage.account.id } })).id;
    return stage;
  }

  source = (flowId: string, disabled = false): string => flowSource('company.x', flowId, disabled);

  /** A flow in company.x with one schedule, `daily`. */
  newFlow = (flowId: string, disabled = false): Promise<Flow> => this.world.flow(this.a, this.source(flowId, disabled));

  /** A file of company.x. */
  newFile = (path: string): Promise<unknown> =>
    this.world.write((tx) =>
      putFile(tx, asSystem('NAMESPACE:UPDATE', 'test', this.a.id), this.a, 'company.x', path, Buffer.from('x')),
    );

  removeFlow = (flow: Flow): Promise<unknown> =>
    this.world.write((tx) => removeFlow(tx, asSystem('FLOW:DELETE', 'test', this.a.id), this.a, flow));

  /** Grants this to the newest actor in tenant a as well, as every item of an engine's batch requires. */
  async besides(...permissions: Permission[]): Promise<void> {
    const { world, a, lastActor } = this;
    const has = await world.db.tenantAccess.count({ where: { tenantId: a.id, principalId: lastActor.id } });
    if (has === 0) await world.access(a, lastActor);
    await world.grant(a, lastActor, permissions);
  }

  /** A service that the newest actor registered. */
  async service(): Promise<string> {
    const now = new Date();
    const serviceId = this.name('service');
    const data = { id: newId(), serviceId, principalId: this.lastActor.id, type: 'EXECUTOR', state: 'RUNNING' };
    await this.world.db.worker.create({ data: { ...data, startedAt: now, lastHeartbeatAt: now, stateAt: now } });
    return serviceId;
  }

  name = (prefix: string): string => `${prefix}-${this.#next++}`;

  /**
   * A principal with exactly this permission, held in the actor's way.
   * @param besides further permissions on the way to the object, held in the whole tenant by all actors except
   * outsiders.
   */
  async actor(
    actor: ActorName,
    permission: Permission,
    besides: readonly Permission[] = [],
    byPassword = false,
  ): Promise<Client> {
    const { world, a, b } = this;
    const signIn = (one: User) => {
      this.lastActor = one;
      return byPassword ? Promise.resolve(world.basic(one.username)) : world.as(one);
    };
    const user = (tenants: readonly Tenant[], superAdmin = false) =>
      world.user(this.name('actor'), tenants, { superAdmin, ...(byPassword && { password }) });
    switch (actor) {
      case 'no access':
        return signIn(await user([]));
      case 'other tenant': {
        const one = await user([b]);
        await world.grant(b, one, [permission, ...besides]);
        return signIn(one);
      }
      case 'super admin': {
        const one = await user(besides.length > 0 ? [a] : [], true);
        if (besides.length > 0) await world.grant(a, one, besides);
        return signIn(one);
      }
      default: {
        const one = await user([a]);
        if (besides.length > 0) await world.grant(a, one, besides);
        if (actor === 'namespace binding') await world.grant(a, one, [permission], 'company');
        if (actor === 'tenant binding') await world.grant(a, one, [permission]);
        if (actor === 'instance binding') await world.grant(null, one, [permission]);
        if (actor === 'group binding') {
          const group = await world.group(a, this.name('Actors'));
          await world.member(a, group, one);
          await world.bind(a, { group }, await world.role(a, this.name('role'), [permission]));
        }
        return signIn(one);
      }
    }
  }
}
