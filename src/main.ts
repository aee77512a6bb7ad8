#!/usr/bin/env node
import { commands } from './cli/index.ts';
import { UsageError } from './cli/usage.ts';
import { ConfigError } from './config.ts';
import { EmbeddedStoreError } from './db/embedded-place.ts';
import { PolicyLoadError } from './policy/load.ts';

/** The command line: `gatehouse <command> …`; without one, the gateway itself. */
const [name = 'serve', ...rest] = process.argv.slice(2);
const command = commands.find((candidate) => candidate.name === name);

if (!command) {
  const lines = commands.map(({ usage, description }) => `  gatehouse ${usage.padEnd(44)} ${description}`);
  console.error(`Usage:\n${lines.join('\n')}`);
  process.exit(name === 'help' || name === '--help' ? 0 : 1);
}
try {
  process.exitCode = await command.run(rest);
} catch (error) {
  const expected = [ConfigError, PolicyLoadError, EmbeddedStoreError, UsageError].some((type) => error instanceof type);
  console.error(expected ? (error as Error).message : error);
  process.exit(1);
}
