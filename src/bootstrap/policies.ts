import { join } from 'node:path';
import type { Config, PolicyConfiguration } from '../config.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import type { Log } from '../lib/log.ts';
import { configurationIn, digestOfConfiguration } from '../policy/configuration.ts';
import { LivePolicies, type PolicyPlaces, type PreparedPolicies, preparePolicies } from '../policy/live-policies.ts';
import { assertMatched, assertNoneLost } from '../policy/policy-set.ts';
import { asSystem } from '../policy/system.ts';
import { putInForce } from '../resources/policy/service.ts';

const ownFolder = join(import.meta.dirname, '..', '..', 'plugins');

const placesOf = (config: Config, folder = ownFolder): PolicyPlaces => ({
  folders: [folder, ...config.policyFolders],
  files: config.policyFiles,
});

/**
 * The policies that a gateway starts with: those in force, unless its file says something else than when it was last
 * accepted. Then they are the file's, and not in force until somebody accepts them.
 * @throws {PolicyLoadError} naming every fault.
 */
export async function startPolicies(config: Config, store: Store, log: Log, folder?: string): Promise<LivePolicies> {
  const { prisma } = store;
  const places = placesOf(config, folder);
  const state = await prisma.accessState.findFirstOrThrow({ where: { id: 1 } });
  const isKnownFile = state.fileDigest === null || state.fileDigest === digestOfConfiguration(config);
  const configuration: PolicyConfiguration = (isKnownFile && configurationIn(state.configuration)) || config;
  const prepared = await preparePolicies(prisma, places, configuration);
  if (state.policySet !== null) assertNoneLost(state.plugins, prepared.set);
  await acceptFile(store, config, prepared, { onlyFirst: true, reason: 'first start' });
  return new LivePolicies(prepared, { prisma, ...places, reviewMs: config.limits.reviewMs, log });
}

/** The policies as the file of these settings has them. @throws {PolicyLoadError} */
export async function policiesOfFile({ prisma }: Store, config: Config, folder?: string): Promise<PreparedPolicies> {
  const prepared = await preparePolicies(prisma, placesOf(config, folder), config);
  assertMatched(prepared.set);
  return prepared;
}

/** Puts what the file says in force, as the host's own decision. */
export const acceptFile = (
  store: Store,
  config: Config,
  prepared: PreparedPolicies,
  { reason, ...options }: { reason: string; onlyFirst?: boolean; mayLose?: boolean },
): Promise<boolean> =>
  inTransaction(store, (tx) =>
    putInForce(tx, asSystem('POLICY:UPDATE', reason), prepared, {
      ...options,
      verb: 'accept',
      fileDigest: digestOfConfiguration(config),
    }),
  );
