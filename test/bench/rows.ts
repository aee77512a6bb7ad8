import { appendFileSync } from 'node:fs';

/** Prints a row of the table in the README, and stores it for the command that writes the table. */
export function row(what: string, measured: string, goal: string): void {
  const line = `| ${what} | ${measured} | ${goal} |`;
  console.log(line);
  const file = process.env['BENCH_ROWS'];
  if (file) appendFileSync(file, `${line}\n`);
}
