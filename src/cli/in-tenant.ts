import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ask, type Remote, type RemoteError, readRemote, remoteOptions, remoteUsage } from './remote.ts';
import { UsageError, usedAs } from './usage.ts';

/** Options of every command that works in a tenant of a running gateway. */
export const tenantUsage = `--tenant KEY ${remoteUsage}`;

export interface InTenant {
  readonly tenant: string;
  readonly remote: Remote;
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads the arguments of a command.
 * @param count number of positional arguments: at least and at most. @throws UsageError.
 */
export function readInTenant(
  usage: string,
  args: readonly string[],
  [least, most]: readonly [number, number],
  own: ParseArgsOptionsConfig = {},
): Promise<InTenant> {
  return usedAs(`Usage: gatehouse ${usage}`, async () => {
    const options = { ...remoteOptions, tenant: { type: 'string' }, ...own } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    if (positionals.length < least || positionals.length > most)
      throw new Error(positionals.length < least ? 'An argument is missing.' : 'There are too many arguments.');
    const { tenant } = values as { tenant?: string };
    if (tenant === undefined) throw new Error('--tenant requires the key of a tenant.');
    return { tenant, remote: await readRemote(values as never), positionals, values };
  });
}

/** One line per fault: `code message`, and the faults of the input. */
export function printErrors(errors: readonly RemoteError[]): void {
  for (const { message, extensions } of errors) {
    console.error(extensions?.code === undefined ? message : `${extensions.code}: ${message}`);
    for (const issue of extensions?.issues ?? [])
      if (issue.message !== message) console.error(`  ${issue.path.slice(1).join('.')}: ${issue.message}`);
  }
}

/** The result of an operation; undefined if it failed, after its errors were printed. */
export async function askOrPrint<Data>(
  remote: Remote,
  document: string,
  variables: Record<string, unknown>,
): Promise<Data | undefined> {
  const { data, errors } = await ask<Data>(remote, document, variables);
  if (!errors && data) return data;
  printErrors(errors ?? [{ message: 'The response has no data.' }]);
  return undefined;
}

/** @throws UsageError for an unknown subcommand. */
export function unknownForm(forms: readonly string[]): never {
  throw new UsageError(`Usage:\n${forms.map((form) => `  gatehouse ${form}`).join('\n')}`);
}

/** Progress of long work on a terminal, in one line. */
export function progress(): { say(text: string): void; end(): void } {
  const isShown = process.stderr.isTTY === true;
  return {
    say: (text) => void (isShown && process.stderr.write(`\r\u001b[K${text}`)),
    end: () => void (isShown && process.stderr.write('\r\u001b[K')),
  };
}
