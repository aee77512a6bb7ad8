#!/usr/bin/env node
import { commands } from './cli/index.ts';
import { helpOf } from './cli/usage.ts';
import { OperatorError } from './lib/operator-error.ts';

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
