import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { readSettings } from '../bootstrap/settings.ts';
import { type Config, ConfigError } from '../config.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { checkClocks, checkMigrations, checkServer } from './doctor/database.ts';
import { type Finding, fault, finding, ok } from './doctor/finding.ts';
import { checkHost } from './doctor/host.ts';
import { checkChains, checkKeys, checkShipping } from './doctor/store.ts';
import { openConnection } from './store.ts';
import { assertNoArguments, type Command } from './usage.ts';

/** The options that the connections of a gateway have. A pooler can drop them. */
const options = '-c timezone=UTC -c statement_timeout=30000';

async function checkDatabase(config: Config): Promise<Finding[]> {
  const isNew = config.databaseUrl === undefined && !existsSync(join(config.dataDir, 'postgres', 'PG_VERSION'));
  if (isNew) return [ok('database', `${config.dataDir} has no store. The first start creates it.`)];
  const { connection, embedded } = await openConnection(config);
  const client = new pg.Client({ ...connection, options, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = [
      ...(await finding('database', () => checkServer(client, config))),
      ...(await finding('clocks', () => checkClocks(client))),
    ];
    const { found: ofMigrations, isCurrent } = await checkMigrations(client);
    found.push(...ofMigrations);
    if (!isCurrent) return found;
    found.push(...(await finding('keys', () => checkKeys(client, config))));
    found.push(...(await finding('audit log', () => checkChains(client))));
    found.push(...(await finding('shipping', () => checkShipping(client, config))));
    return found;
  } finally {
    await client.end().catch(() => undefined);
    if (embedded && !embedded.adopted) await embedded.stop();
  }
}

async function check(): Promise<Finding[]> {
  let config: Config;
  try {
    config = await readSettings();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((text) =>
      fault('settings', text, 'Correct the setting. The gateway does not start with it.'),
    );
  }
  const found = [ok('settings', 'The environment and the configuration file are valid.'), ...checkHost(config)];
  try {
    found.push(...(await checkDatabase(config)));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    found.push(fault('database', error.message, 'The gateway does not start before this is corrected.'));
  }
  return found;
}

const marks = { ok: 'ok', warning: 'WARNING', fault: 'FAULT' } as const;

export const doctorCommand: Command = {
  name: 'doctor',
  usage: 'doctor',
  description: 'Check the settings, the database and the store, and say what to do. Exit code 1 for faults.',
  async run(args) {
    assertNoArguments('doctor', args);
    const found = await check();
    for (const { level, about, message, advice } of found) {
      console.log(`${marks[level].padEnd(8)} ${about}: ${message}`);
      if (advice !== undefined) console.log(`${' '.repeat(9)}${advice}`);
    }
    const count = (level: Finding['level']) => found.filter((one) => one.level === level).length;
    console.log(`\nfaults: ${count('fault')}, warnings: ${count('warning')}`);
    return count('fault') > 0 ? 1 : 0;
  },
};
