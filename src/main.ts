#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { commands } from './cli/index.ts';
import { helpOf } from './cli/usage.ts';
import { OperatorError } from './lib/operator-error.ts';

// Compiling the program takes half of its start. The cache is inside the package, where only its owner can write, and not
// in the shared folder for temporary files. Without permission to write there, the program starts without it.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'gatehouse'));

/** The command line: `gatehouse <command> …`. Without a command, starts the gateway. */
const [name = 'serve', ...rest] = process.argv.slice(2);
const load = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (!load) {
  const all = await Promise.all(Object.values(commands).map((one) => one()));
  const lines = all.map((one) => `  gatehouse ${one.name.padEnd(8)} ${one.description}`);
  const isHelp = ['help', '--help', '-h'].includes(name);
  if (!isHelp) console.error(`The command ${name} does not exist.`);
  const text = `Usage:\n${lines.join('\n')}\n\nRun gatehouse COMMAND --help for the options of a command.`;
  if (isHelp) console.log(text);
  else console.error(text);
  process.exit(isHelp ? 0 : 1);
}
try {
  const command = await load();
  if (rest.includes('--help') || rest.includes('-h')) console.log(helpOf(command, rest));
  else process.exitCode = await command.run(rest);
} catch (error) {
  console.error(error instanceof OperatorError ? error.message : error);
  process.exit(1);
}
