import { join, resolve } from 'node:path';
import pg from 'pg';
import { passwordIssues } from '../auth/password.ts';
import { type Config, ConfigError, type PolicySources, readConfig } from '../config.ts';
import type { Connection } from '../db/embedded.ts';
import { stateOf } from '../db/sql-state.ts';
import { digestOfConfiguration } from '../policy/load/configuration.ts';
import { loadPolicies, PolicyLoadError } from '../policy/load/load.ts';
import { firstEmail } from './first-start.ts';

export const ownFolder = join(import.meta.dirname, '..', '..', 'plugins');

/** Objects of a store that policies can name, by ID. */
interface Names {
  readonly groups: ReadonlyMap<string, string>;
  readonly tenants: ReadonlyMap<string, string>;
  readonly serviceAccounts: ReadonlySet<string> | undefined;
}

/** Placeholder for a store that is not known yet: every name can exist. */
class EveryName extends Map<string, string> {
  override has = () => true;
  override get = (name: string) => name;
}
const anyNames: Names = { groups: new EveryName(), tenants: new EveryName(), serviceAccounts: undefined };

/** Declared settings of the policies. */
async function policyFaults({ policyFolders, ...sources }: PolicySources, names: Names): Promise<readonly string[]> {
  const isDefault = policyFolders.length === 0 && Object.keys(sources.policies).length === 0;
  if (isDefault && sources.mayGrant.length === 0) return [];
  try {
    const { policies } = await loadPolicies({
      ...names,
      folders: [ownFolder, ...policyFolders.map((path) => resolve(path))],
      settings: sources.policies,
      mayGrant: sources.mayGrant,
      files: sources.policyFiles,
      placeOf: sources.placeOf,
    });
    for (const { policy } of policies) await policy.dispose?.();
    return [];
  } catch (error) {
    if (error instanceof PolicyLoadError) return error.faults;
    throw error;
  }
}

/**
 * Reads the settings of the environment and of the file (default: GATEHOUSE_CONFIG).
 * @throws {ConfigError} with all faults, including those in settings of policies.
 */
export async function readSettings(file?: string): Promise<Config> {
  try {
    return readConfig(undefined, file);
  } catch (error) {
    if (!(error instanceof ConfigError) || error.policies === undefined) throw error;
    throw new ConfigError([...error.faults, ...(await policyFaults(error.policies, anyNames))]);
  }
}

/**
 * Checks the settings against the store, before a migration or a write.
 * @param mustLoad true if the policies of the file are required, also if others are in force.
 * @throws {ConfigError} with all faults.
 */
export async function assertSettings(config: Config, connection: Connection, mustLoad = false): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  /** An empty database, or one of an earlier version, does not have the table: the result is empty. */
  const rows = async <Row extends object>(sql: string): Promise<Row[]> =>
    client.query<Row>(sql).then(
      (result) => result.rows,
      (error: unknown) => {
        if (/^(42P01|42703)$/.test(stateOf(error))) return [];
        throw error;
      },
    );
  try {
    const faults: string[] = [];
    const { username, password } = config.admin;
    if (password !== undefined && (await rows('SELECT 1 FROM "User" LIMIT 1')).length === 0)
      for (const { message } of passwordIssues(
        password,
        config.limits.passwordLength,
        [username, firstEmail(username)],
        [],
      ))
        faults.push(`GATEHOUSE_ADMIN_PASSWORD: ${message}`);
    const [state] = await rows<{ fileDigest: string | null; policySet: string | null }>(
      'SELECT "fileDigest", "policySet" FROM "AccessState"',
    );
    const isKnownFile = state?.fileDigest === null || state?.fileDigest === digestOfConfiguration(config);
    // An accepted configuration starts, and waits for an operator if it can no longer be loaded.
    const isAccepted = state !== undefined && state.policySet !== null && isKnownFile;
    if (mustLoad || !isAccepted) {
      const groups = await rows<{ id: string; name: string }>(
        'SELECT g.id, t.key || \'/\' || g.name AS name FROM "Group" g JOIN "Tenant" t ON t.id = g."tenantId"',
      );
      const tenants = await rows<{ id: string; key: string }>('SELECT id, key FROM "Tenant"');
      const accounts = await rows<{ name: string }>(
        'SELECT COALESCE(t.key, \'\') || \'/\' || s.name AS name FROM "ServiceAccount" s LEFT JOIN "Tenant" t ON t.id = s."tenantId"',
      );
      const names: Names = {
        groups: new Map(groups.map(({ id, name }) => [name, id])),
        tenants: new Map(tenants.map(({ id, key }) => [key, id])),
        serviceAccounts: new Set(accounts.map(({ name }) => name)),
      };
      faults.push(...(await policyFaults(config, names)));
    }
    if (faults.length > 0) throw new ConfigError(faults);
  } finally {
    await client.end();
  }
}
