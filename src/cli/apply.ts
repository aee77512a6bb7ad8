import { parseArgs } from 'node:util';
import type { Issue } from '../errors.ts';
import { readTextFile } from '../lib/text-file.ts';
import { type LineOf, parseYaml } from '../lib/yaml.ts';
import { descriptionFile } from '../resources/governance/description/model.ts';
import { byTenant, type TenantPart } from '../resources/governance/description/parts.ts';
import { ask, type Remote, readRemote, remoteOptions, remoteUsage } from './remote.ts';
import { type Command, UsageError } from './usage.ts';

const document = /* GraphQL */ `
  mutation Apply($input: ApplyDescriptionInput!) {
    applyDescription(input: $input) {
      tenantKey
      created
      updated
      deleted
      kept
      changes { action resourceKey namespaceName patch }
    }
  }
`;

interface Change {
  readonly action: string;
  readonly resourceKey: string;
  readonly namespaceName: string | null;
  readonly patch: readonly { readonly op: string; readonly path: string; readonly value?: unknown }[] | null;
}
interface Applied {
  readonly tenantKey: string;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly kept: readonly string[];
  readonly changes: readonly Change[] | null;
}
interface Settings {
  readonly file: string;
  readonly remote: Remote;
  readonly dryRun: boolean;
  readonly prune: boolean;
}

const usage = `apply FILE ${remoteUsage} [--dry-run] [--prune]`;

async function readSettings(args: readonly string[]): Promise<Settings> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...remoteOptions,
        'dry-run': { type: 'boolean', default: false },
        prune: { type: 'boolean', default: false },
      },
    });
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) throw new Error('apply requires exactly one file.');
    return {
      file,
      remote: await readRemote(values),
      dryRun: values['dry-run'],
      prune: values.prune,
    };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nUsage: gatehouse ${usage}`);
  }
}

export const applyCommand: Command = {
  name: 'apply',
  usage,
  description: 'Apply a file that describes tenants (YAML or JSON) to a running gateway.',
  async run(args) {
    const settings = await readSettings(args);
    const { file } = settings;
    const parsed = parseYaml(readText(file), descriptionFile);
    if (!parsed.ok) {
      for (const { line, path, message } of parsed.issues) console.error(fault(file, line, path, message));
      return 1;
    }
    let code = 0;
    for (const part of byTenant(parsed.value)) {
      const faults = await send(settings, part, parsed.lineOf);
      for (const line of faults) console.error(line);
      if (faults.length > 0) code = 1;
    }
    return code;
  },
};

function readText(file: string): string {
  try {
    return readTextFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

const fault = (file: string, line: number | undefined, path: Issue['path'], message: string): string =>
  `${file}:${line ?? 1}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`;

/** Sends one tenant's part and prints its result. @returns the faults, each with its line. */
async function send(settings: Settings, part: TenantPart, lineOf: LineOf): Promise<string[]> {
  const { file, dryRun, prune } = settings;
  const at = (path: Issue['path'], message: string) => fault(file, lineOf(path), path, message);
  const answer = await ask<{ applyDescription: Applied }>(settings.remote, document, {
    input: { tenantKey: part.key, description: part.description, dryRun, prune },
  });
  const errors = answer.errors ?? [];
  if (errors.length === 0 && answer.data) {
    printResult(answer.data.applyDescription, dryRun);
    return [];
  }
  return errors.flatMap(({ message, extensions }) => {
    const issues = extensions?.issues ?? [];
    if (issues.length === 0) return [at(part.path, `${part.key}: ${message}`)];
    return issues.map((issue) => at(part.placeOf(issue.path), issue.message));
  });
}

function printResult({ tenantKey, created, updated, deleted, kept, changes }: Applied, dryRun: boolean): void {
  for (const change of changes ?? [])
    console.log(`${signOf(change)} ${change.action} ${change.resourceKey}${said(change)}`);
  for (const what of kept) console.log(`= kept (your own access, or still bound): ${what}`);
  const counts = `${created} created, ${updated} updated, ${deleted} deleted`;
  const nothing = created + updated + deleted === 0;
  console.log(`${tenantKey}: ${nothing ? 'no changes' : dryRun ? `would be ${counts}` : counts}`);
}

function signOf({ action }: Change): '+' | '-' | '~' {
  const verb = action.split('.')[1] ?? '';
  return /^(create|add)/.test(verb) ? '+' : /^(delete|remove)/.test(verb) ? '-' : '~';
}

/** Fields that an update can change. */
function said(change: Change): string {
  if (signOf(change) !== '~') return '';
  const fields = (change.patch ?? []).map(({ path, value }) => `${path.slice(1)} → ${JSON.stringify(value ?? null)}`);
  return ` (${fields.join(', ')})`;
}
