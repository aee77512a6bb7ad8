import type { Config, PolicyConfiguration } from '../config.ts';
import { inTransaction, type Store } from '../db/transaction.ts';
import type { Log } from '../lib/log.ts';
import { configurationIn, digestOfConfiguration } from '../policy/load/configuration.ts';
import {
  LivePolicies,
  type PolicyPlaces,
  type PreparedPolicies,
  preparePolicies,
} from '../policy/load/live-policies.ts';
import { PolicyLoadError } from '../policy/load/load.ts';
import { assertMatched, lostGuards } from '../policy/load/policy-set.ts';
import { asSystem } from '../policy/session/system.ts';
import { putInForce } from '../resources/governance/policy/service.ts';
import { ownFolder } from './settings.ts';

const placesOf = (config: Config, folder = ownFolder): PolicyPlaces => ({
  folders: [folder, ...config.policyFolders],
  files: config.policyFiles,
});

/**
 * The policies that a gateway starts with: those in force, unless its file changed since it was last accepted. Then
 * they are those of the file, and not in force until they are accepted.
 * @throws {PolicyLoadError} with all faults of the file or of the policies.
 */
export async function startPolicies(config: Config, store: Store, log: Log, folder?: string): Promise<LivePolicies> {
  const { prisma } = store;
  const places = placesOf(config, folder);
  const state = await prisma.accessState.findFirstOrThrow({ where: { id: 1 } });
  const isKnownFile = state.fileDigest === null || state.fileDigest === digestOfConfiguration(config);
  const stored = isKnownFile ? configurationIn(state.configuration) : null;
  const configuration: PolicyConfiguration = stored ?? config;
  // The configuration in force can use policies that this gateway does not have. It starts, and decides nothing.
  const isStored = stored !== null && state.policySet !== null;
  const faults: string[] = [];
  const prepared = await preparePolicies(prisma, places, configuration, { mayLack: isStored }).catch(
    (error: unknown) => {
      if (!(error instanceof PolicyLoadError) || !isStored) throw error;
      faults.push(...error.faults);
      return preparePolicies(prisma, places, { policies: {}, mayGrant: [] }, { mayLack: true });
    },
  );
  if (state.policySet !== null)
    for (const name of new Set([...lostGuards(state.plugins, prepared.set), ...(prepared.set.absent ?? [])]))
      faults.push(`${name} is in force, but this gateway does not have it`);
  if (faults.length > 0)
    log.error('the accepted policies cannot be loaded on this gateway, so it refuses every decision', {
      faults,
      remedy: 'add the missing policies or objects, or run `gatehouse policy accept` with other settings',
    });
  await acceptFile(store, config, prepared, { onlyFirst: true, reason: 'first start' });
  const live = new LivePolicies(prepared, { prisma, ...places, reviewMs: config.limits.reviewMs, log });
  if (faults.length > 0) live.engine.suspend();
  return live;
}

/** The policies of the configuration file. @throws {PolicyLoadError} */
export async function policiesOfFile({ prisma }: Store, config: Config, folder?: string): Promise<PreparedPolicies> {
  const prepared = await preparePolicies(prisma, placesOf(config, folder), config);
  assertMatched(prepared.set);
  return prepared;
}

/** Puts the configuration file in force, as a decision of the host. */
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
