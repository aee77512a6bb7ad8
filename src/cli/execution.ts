import { setTimeout as pause } from 'node:timers/promises';
import { askOrPrint, readInTenant, tenantUsage, unknownForm } from './in-tenant.ts';
import type { Remote } from './remote.ts';
import { type Command, UsageError } from './usage.ts';

const forms = {
  create: `execution create NAMESPACE FLOWID ${tenantUsage} [--input NAME=VALUE…] [--label KEY=VALUE…] [--revision N] [--follow]`,
  follow: `execution follow EXECUTIONID ${tenantUsage}`,
  logs: `execution logs EXECUTIONID ${tenantUsage} [--min-level LEVEL]`,
} as const;
const pollMs = 1_000;

/** NAME=VALUE options as an object. A value that is JSON other than a text is sent as such. */
function pairs(given: unknown, option: string, isTyped: boolean): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const text of (given as readonly string[] | undefined) ?? []) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--${option} requires NAME=VALUE, not ${text}.`);
    const value = text.slice(at + 1);
    Object.defineProperty(all, text.slice(0, at), { value: isTyped ? typed(value) : value, enumerable: true });
  }
  return all;
}
function typed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? text : value;
  } catch {
    return text;
  }
}

const createDocument = /* GraphQL */ `
  mutation CreateExecution($input: CreateExecutionInput!) {
    createExecution(input: $input) { execution { executionId } }
  }
`;

async function create(args: readonly string[]): Promise<number> {
  const { tenant, remote, positionals, values } = await readInTenant(forms.create, args, [2, 2], {
    input: { type: 'string', multiple: true },
    label: { type: 'string', multiple: true },
    revision: { type: 'string' },
    follow: { type: 'boolean', default: false },
  });
  const [namespaceName, flowId] = positionals;
  const revision = values['revision'] === undefined ? null : Number(values['revision']);
  if (revision !== null && !Number.isInteger(revision)) throw new UsageError('--revision requires a number.');
  const answer = await askOrPrint<{ createExecution: { execution: { executionId: string } | null } | null }>(
    remote,
    createDocument,
    {
      input: {
        tenantKey: tenant,
        namespaceName,
        flowId,
        revision,
        inputs: pairs(values['input'], 'input', true),
        labels: pairs(values['label'], 'label', false),
      },
    },
  );
  const executionId = answer?.createExecution?.execution?.executionId;
  if (executionId === undefined) return 1;
  console.log(executionId);
  return values['follow'] === true ? followIt(remote, tenant, executionId) : 0;
}

interface Log {
  readonly at: string;
  readonly level: string;
  readonly taskId: string | null;
  readonly message: string;
}
interface Logs {
  readonly nodes: readonly Log[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
interface Ran {
  readonly state: string;
  readonly endedAt: string | null;
  readonly logs: Logs | null;
}
interface Watched {
  readonly tenant: { readonly execution: Ran | null } | null;
}
const watchDocument = /* GraphQL */ `
  query WatchExecution($tenant: String!, $executionId: String!, $after: String, $where: LogWhere) {
    tenant(key: $tenant) {
      execution(executionId: $executionId) {
        state
        endedAt
        logs(first: 100, after: $after, where: $where) {
          nodes { at level taskId message }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`;
const lineOf = ({ at, level, taskId, message }: Log): string =>
  `${at} ${level.padEnd(5)} ${taskId === null ? '' : `[${taskId}] `}${message}`;

/**
 * Prints the log of an execution.
 * @param untilEnd true to wait for its end. @returns 0, or 1 if it cannot be read or, when waited for, did not succeed.
 */
async function print(
  remote: Remote,
  tenant: string,
  executionId: string,
  where: object | null,
  untilEnd: boolean,
): Promise<number> {
  let state = '';
  for (let after: string | null = null; ; ) {
    const answer: Watched | undefined = await askOrPrint<Watched>(remote, watchDocument, {
      tenant,
      executionId,
      after,
      where,
    });
    if (!answer) return 1;
    const execution: Ran | null | undefined = answer.tenant?.execution;
    if (!execution?.logs) {
      console.error(`The execution ${executionId} does not exist, or you cannot read it.`);
      return 1;
    }
    const logs: Logs = execution.logs;
    for (const log of logs.nodes) console.log(lineOf(log));
    after = logs.pageInfo.endCursor ?? after;
    if (logs.pageInfo.hasNextPage) continue;
    if (!untilEnd) return 0;
    if (execution.state !== state) console.error(`${executionId}: ${execution.state}`);
    state = execution.state;
    if (execution.endedAt !== null) return state === 'SUCCESS' || state === 'WARNING' ? 0 : 1;
    await pause(pollMs);
  }
}
const followIt = (remote: Remote, tenant: string, executionId: string): Promise<number> =>
  print(remote, tenant, executionId, null, true);

async function follow(args: readonly string[]): Promise<number> {
  const { tenant, remote, positionals } = await readInTenant(forms.follow, args, [1, 1]);
  return followIt(remote, tenant, positionals[0]!);
}

async function logs(args: readonly string[]): Promise<number> {
  const { tenant, remote, positionals, values } = await readInTenant(forms.logs, args, [1, 1], {
    'min-level': { type: 'string' },
  });
  const level = values['min-level'] as string | undefined;
  return print(remote, tenant, positionals[0]!, level === undefined ? null : { minLevel: level.toUpperCase() }, false);
}

export const executionCommand: Command = {
  name: 'execution',
  usage: 'execution create|follow|logs …',
  forms: Object.values(forms),
  description: 'Start an execution, follow it to its end, or print its log.',
  async run([verb, ...args]) {
    if (verb === 'create') return create(args);
    if (verb === 'follow') return follow(args);
    if (verb === 'logs') return logs(args);
    return unknownForm(Object.values(forms));
  },
};
