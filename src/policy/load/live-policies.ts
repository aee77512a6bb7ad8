import { resolve } from 'node:path';
import type { Row } from '../../access/grant.ts';
import { type PolicyConfiguration, policyConfiguration } from '../../config.ts';
import { withoutDeadline } from '../../db/deadline.ts';
import type { PrismaClient } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import type { Log } from '../../lib/log.ts';
import { Engine } from '../decide/engine.ts';
import type { Freshness } from '../session/freshness.ts';
import { policyPart } from './configuration.ts';
import { type LoadOptions, loadPolicies, PolicyLoadError, type PolicySet } from './load.ts';
import { fingerprintOf } from './policy-set.ts';

/** Loaded policies that are not in force yet, with their configuration. */
export interface PreparedPolicies {
  readonly configuration: PolicyConfiguration;
  readonly set: PolicySet;
  readonly fingerprint: string;
}

export interface LivePoliciesOptions {
  readonly prisma: PrismaClient;
  readonly folders: readonly string[];
  readonly files: string | undefined;
  readonly reviewMs: number;
  readonly log: Log;
}

/** Time after which replaced policies are disposed of. Reviews that still run can finish until then. */
const retireMs = 60_000;
const retryMs = 500;

/** The places of policies on this host. */
export interface PolicyPlaces {
  readonly folders: readonly string[];
  /** The operator's folder of files that settings can name. */
  readonly files: string | undefined;
}

/**
 * Returns true if the author of the settings is allowed to name this group, tenant or service account. If not, it is
 * reported as missing, like one that does not exist.
 */
export type MayName = (
  reference: string,
  kind: 'GROUP' | 'TENANT' | 'SERVICE_ACCOUNT',
  row: Row,
  tenantId: string | undefined,
) => boolean;

/**
 * Loads the policies of a configuration. Loads all of them or none.
 * @param options `mayName`: omit it for the operator, who can name everything. `mayLack`: ignores settings of policies
 * that have no file.
 * @throws {PolicyLoadError} with all faults. The policies in force stay in force.
 */
export async function preparePolicies(
  db: PrismaClient | Tx,
  { folders, files }: PolicyPlaces,
  configuration: PolicyConfiguration,
  { mayName = () => true, mayLack }: { mayName?: MayName | undefined; mayLack?: boolean } = {},
): Promise<PreparedPolicies> {
  const allGroups = await db.group.findMany({ include: { tenant: { select: { key: true } } } });
  const allTenants = await db.tenant.findMany();
  const groups = allGroups.filter(({ tenant, ...row }) =>
    mayName(`group ${tenant.key}/${row.name}`, 'GROUP', row, row.tenantId),
  );
  const tenants = allTenants.filter((row) => mayName(`tenant ${row.key}`, 'TENANT', { ...row }, row.id));
  const allAccounts = await db.serviceAccount.findMany({ include: { tenant: { select: { key: true } } } });
  const accounts = allAccounts.filter(({ tenant, ...row }) =>
    mayName(`service account ${tenant?.key ?? ''}/${row.name}`, 'SERVICE_ACCOUNT', row, row.tenantId ?? undefined),
  );
  const set = await loadPolicies({
    serviceAccounts: new Set(accounts.map(({ name, tenant }) => `${tenant?.key ?? ''}/${name}`)),
    folders: folders.map((path) => resolve(path)),
    files,
    settings: configuration.policies,
    mayGrant: configuration.mayGrant,
    placeOf: configuration.placeOf,
    mayLack,
    groups: new Map(groups.map(({ id, name, tenant }) => [`${tenant.key}/${name}`, id])),
    tenants: new Map(tenants.map(({ id, key }) => [key, id])),
  });
  return { configuration: policyPart(configuration), set, fingerprint: fingerprintOf(set) };
}

/** Disposes of the policies. A failure is logged and does not affect the other policies. */
export async function disposeOf(set: PolicySet, log: Log): Promise<void> {
  for (const { name, policy } of set.policies) {
    try {
      await policy.dispose?.();
    } catch (error) {
      log.error('a policy could not be disposed of', { policy: name, fault: (error as Error).message });
    }
  }
}

/** The policies of a running gateway. Follows changes made on this gateway or on another one. */
export class LivePolicies {
  readonly engine: Engine;
  readonly #options: LivePoliciesOptions;
  /** Loaded sets that are not in force yet, by fingerprint. */
  readonly #prepared = new Map<string, PreparedPolicies>();
  readonly #retired = new Map<PolicySet, NodeJS.Timeout>();
  #configuration: PolicyConfiguration;
  #closed = false;

  constructor(first: PreparedPolicies, options: LivePoliciesOptions) {
    this.engine = new Engine(first.set, first.fingerprint, options.reviewMs);
    this.#configuration = first.configuration;
    this.#options = options;
  }

  /** The configuration of the policies in force on this gateway. */
  get configuration(): PolicyConfiguration {
    return this.#configuration;
  }

  /** Loads a proposed configuration. @throws {PolicyLoadError} */
  async prepare(
    configuration: PolicyConfiguration,
    db: PrismaClient | Tx = this.#options.prisma,
    mayName?: MayName,
  ): Promise<PreparedPolicies> {
    const prepared = await preparePolicies(db, this.#options, configuration, { mayName });
    for (const { set } of this.#prepared.values()) void disposeOf(set, this.#options.log);
    this.#prepared.clear();
    this.#prepared.set(prepared.fingerprint, prepared);
    return prepared;
  }

  /** Loads a proposed configuration, to try it. Pass it to `discard` afterwards. @throws {PolicyLoadError} */
  propose(configuration: PolicyConfiguration, mayName?: MayName): Promise<PreparedPolicies> {
    return preparePolicies(this.#options.prisma, this.#options, configuration, { mayName });
  }

  /** Loads a configuration for the people of a suite of tests, to try it. @throws {PolicyLoadError} */
  async proposeFor(
    { policies, mayGrant }: PolicyConfiguration,
    { groups, tenants }: Pick<LoadOptions, 'groups' | 'tenants'>,
  ): Promise<Pick<PreparedPolicies, 'set' | 'fingerprint'>> {
    const { folders, files } = this.#options;
    const places = { folders: folders.map((path) => resolve(path)), files };
    const set = await loadPolicies({ ...places, settings: policies, mayGrant, groups, tenants });
    return { set, fingerprint: fingerprintOf(set) };
  }

  discard = (set: PolicySet): Promise<void> => disposeOf(set, this.#options.log);

  /** Applies every newly accepted policy set. Until a set is loaded, this gateway refuses every decision. */
  follow(freshness: Freshness): void {
    let known = freshness.state.policySet;
    const { history } = freshness;
    history.on((what) => {
      if (what !== 'restored') return;
      // In a restored store, the same settings can refer to other groups and tenants, so the policies are loaded again.
      known = null;
      this.#prepared.clear();
      this.engine.suspend();
    });
    freshness.onChange(() => {
      const { policySet } = freshness.state;
      if (policySet === known) return;
      known = policySet;
      if (policySet === null || policySet === this.engine.fingerprint) return;
      const prepared = this.#prepared.get(policySet);
      if (prepared) return this.#adopt(prepared);
      const { epoch } = history;
      const isWanted = () =>
        freshness.state.policySet === policySet &&
        this.engine.fingerprint !== policySet &&
        history.epoch === epoch &&
        !this.#closed;
      const loading = withoutDeadline(() => this.#load(policySet, isWanted)).finally(() => {
        if (this.engine.following === loading) this.engine.following = undefined;
      });
      this.engine.following = loading;
    });
  }

  /**
   * Loads the accepted policies. On failure, requests are refused and loading is retried: a missing file may still
   * arrive.
   * @param logged the faults already logged, to log each failure once.
   */
  async #load(policySet: string, isWanted: () => boolean, logged?: string): Promise<void> {
    const { prisma, log } = this.#options;
    let faults: readonly string[];
    try {
      const row = await prisma.accessState.findFirstOrThrow({ where: { id: 1 } });
      const prepared = await this.prepare(policyConfiguration.parse(row.configuration));
      // Other policies may have been accepted in the meantime.
      if (!isWanted()) return;
      if (prepared.fingerprint === policySet) return this.#adopt(prepared);
      faults = ['the policy files of this gateway differ from those of the accepted policies'];
    } catch (error) {
      faults = error instanceof PolicyLoadError ? error.faults : [(error as Error).message];
    }
    if (!isWanted()) return;
    const text = faults.join('\n');
    if (text !== logged) log.error('the accepted policies cannot be loaded on this gateway', { policySet, faults });
    setTimeout(() => isWanted() && void this.#load(policySet, isWanted, text), retryMs).unref();
  }

  #adopt({ set, fingerprint, configuration }: PreparedPolicies): void {
    this.#prepared.clear();
    this.#configuration = configuration;
    const former = this.engine.adopt(set, fingerprint);
    const timer = setTimeout(() => void this.#dispose(former), retireMs);
    timer.unref();
    this.#retired.set(former, timer);
    this.#options.log.info('policies are in force', { policySet: fingerprint });
  }

  async #dispose(set: PolicySet): Promise<void> {
    clearTimeout(this.#retired.get(set));
    this.#retired.delete(set);
    await disposeOf(set, this.#options.log);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waiting = [...this.#prepared.values()].map(({ set }) => set);
    for (const set of [...this.#retired.keys(), ...waiting, this.engine.set]) await this.#dispose(set);
  }
}
