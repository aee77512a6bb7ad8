import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Issue } from '../errors.ts';
import { NotUtf8, textOf } from '../lib/text-file.ts';
import { ask, type Remote, readRemote, remoteOptions, remoteUsage } from './remote.ts';
import { type Command, UsageError } from './usage.ts';

const usage = `import flows DIR --tenant KEY ${remoteUsage} [--reason TEXT]`;
const document = /* GraphQL */ `
  mutation ImportFlows($input: ImportFlowsInput!) {
    importFlows(input: $input) {
      results { path outcome flow { namespaceName flowId revision } error { code message details } }
    }
  }
`;

interface Result {
  readonly path: string;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED' | null;
  readonly flow: { readonly namespaceName: string; readonly flowId: string; readonly revision: number } | null;
  readonly error: { readonly code: string; readonly message: string; readonly details: { issues?: Issue[] } } | null;
}
interface File {
  readonly path: string;
  readonly source: string;
}
/** Files of a folder to send, and results of files that are not sent. */
interface Found {
  readonly files: File[];
  /** One line per file. */
  readonly skipped: string[];
  readonly refused: string[];
}
interface Settings {
  readonly folder: string;
  readonly tenant: string;
  readonly reason: string | undefined;
  readonly remote: Remote;
}

async function readSettings([what, ...args]: readonly string[]): Promise<Settings> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...remoteOptions, tenant: { type: 'string' }, reason: { type: 'string' } },
    });
    const [folder, ...rest] = positionals;
    if (what !== 'flows' || folder === undefined || rest.length > 0)
      throw new Error('import requires `flows` and exactly one folder.');
    if (values.tenant === undefined) throw new Error('--tenant requires the key of a tenant.');
    return { folder, tenant: values.tenant, reason: values.reason, remote: await readRemote(values) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nUsage: gatehouse ${usage}`);
  }
}

/** All YAML files of a folder and its subfolders, in the order of their names. */
function filesIn(folder: string): Found {
  const found: Found = { files: [], skipped: [], refused: [] };
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is not a folder');
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const path of paths) addFile(found, path);
  } catch (error) {
    throw new UsageError(`${folder} cannot be read: ${(error as Error).message}`);
  }
  return found;
}

function addFile({ files, skipped, refused }: Found, path: string): void {
  try {
    const bytes = readFileSync(path);
    if (bytes.subarray(0, 4).equals(appleDouble)) skipped.push(`${path}: skipped: macOS metadata, not a flow.`);
    else files.push({ path, source: textOf(bytes) });
  } catch (error) {
    const line = error instanceof NotUtf8 ? error.line : 1;
    refused.push(`${path}:${line}: ${(error as Error).message}`);
  }
}

/** Start of a file with macOS metadata of another file (`._name`). */
const appleDouble = Buffer.from([0x00, 0x05, 0x16, 0x07]);

const maxBytes = 700_000;
const maxFiles = 50;

/** A request has a limit of bytes; each part is one transaction. */
function inParts(files: readonly File[]): File[][] {
  const parts: File[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of files) {
    const own = Buffer.byteLength(JSON.stringify(file));
    if (bytes + own > maxBytes || parts.at(-1)!.length >= maxFiles) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(file);
    bytes += own;
  }
  return parts;
}

export const importCommand: Command = {
  name: 'import',
  usage,
  description: 'Save the flows of a folder in a tenant of a running gateway, and print the result of each file.',
  async run(args) {
    const { folder, tenant, reason, remote } = await readSettings(args);
    const { files, skipped, refused: unread } = filesIn(folder);
    for (const line of [...skipped, ...unread]) console.error(line);
    if (files.length + unread.length === 0) throw new UsageError(`${folder} has no .yaml or .yml files.`);
    const counts = { CREATED: 0, UPDATED: 0, UNCHANGED: 0, refused: unread.length };
    for (const part of inParts(files)) {
      const answer = await ask<{ importFlows: { results: Result[] } | null }>(remote, document, {
        input: { tenantKey: tenant, files: part, ...(reason !== undefined && { reason }) },
      });
      const imported = answer.data?.importFlows;
      if (!imported) {
        for (const { message } of answer.errors ?? []) console.error(message);
        console.error(`Not saved: ${part[0]!.path}${part.length > 1 ? ` to ${part.at(-1)!.path}` : ''}.`);
        counts.refused += part.length;
        // An error of the whole request applies to the remaining parts too.
        break;
      }
      for (const result of imported.results) {
        if (result.outcome) counts[result.outcome] += 1;
        else counts.refused += 1;
        report(result);
      }
    }
    const { CREATED, UPDATED, UNCHANGED, refused } = counts;
    const rest = files.length + unread.length - CREATED - UPDATED - UNCHANGED - refused;
    console.log(
      `${tenant}: ${CREATED} created, ${UPDATED} updated, ${UNCHANGED} unchanged, ${refused} refused${rest > 0 ? `, ${rest} not sent` : ''}`,
    );
    return refused + rest > 0 ? 1 : 0;
  },
};

function report({ path, outcome, flow, error }: Result): void {
  if (outcome === 'UNCHANGED') return;
  if (flow) {
    console.log(
      `${outcome === 'CREATED' ? '+' : '~'} ${flow.namespaceName}/${flow.flowId} (revision ${flow.revision})`,
    );
    return;
  }
  const issues = error?.details.issues ?? [];
  if (issues.length === 0) console.error(`${path}: ${error?.code} ${error?.message}`);
  for (const { line, message } of issues) console.error(`${path}:${line ?? 1}: ${message}`);
}
