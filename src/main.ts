#!/usr/bin/env node
import { commands } from './cli/index.ts';
import { ToldError } from './lib/told-error.ts';

/** The command line: `gatehouse <command> …`; without one, the gateway itself. */
const [name = 'serve', ...rest] = process.argv.slice(2);
const load = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (!load) {
  const all = await Promise.all(Object.values(commands).map((one) => one()));
  const lines = all.map(({ usage, description }) => `  gatehouse ${usage.padEnd(44)} ${description}`);
  const isHelp = name === 'help' || name === '--help';
  if (!isHelp) console.error(`There is no command ${name}.`);
  console.error(`Usage:\n${lines.join('\n')}`);
  process.exit(isHelp ? 0 : 1);
}
try {
  process.exitCode = await (await load()).run(rest);
} catch (error) {
  console.error(error instanceof ToldError ? error.message : error);
  process.exit(1);
}
