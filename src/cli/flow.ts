import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { readTextFile } from '../lib/text-file.ts';
import { askOrPrint, progress, readInTenant, tenantUsage, unknownForm } from './in-tenant.ts';
import type { Command } from './usage.ts';

const forms = {
  export: `flow export DIR ${tenantUsage} [--namespace NAME]`,
  validate: `flow validate FILE… ${tenantUsage}`,
} as const;

interface Flows {
  readonly totalCount: number;
  readonly nodes: readonly { readonly namespaceName: string; readonly flowId: string; readonly source: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
interface Page {
  readonly tenant: { readonly flows: Flows | null } | null;
}
const flowsDocument = /* GraphQL */ `
  query ExportFlows($tenant: String!, $where: FlowWhere, $after: String) {
    tenant(key: $tenant) {
      flows(first: 100, after: $after, where: $where) {
        totalCount
        nodes { namespaceName flowId source }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`;

/** Writes each flow as DIR/NAMESPACE/FLOWID.yaml, byte for byte. */
async function exportFlows(args: readonly string[]): Promise<number> {
  const { tenant, remote, positionals, values } = await readInTenant(forms.export, args, [1, 1], {
    namespace: { type: 'string' },
  });
  const folder = resolve(positionals[0]!);
  const where = values['namespace'] === undefined ? null : { under: values['namespace'] };
  const shown = progress();
  let written = 0;
  for (let after: string | null = null; ; ) {
    const page: Page | undefined = await askOrPrint<Page>(remote, flowsDocument, { tenant, where, after });
    const flows: Flows | null | undefined = page?.tenant?.flows;
    if (!flows) {
      shown.end();
      if (page) console.error(`The tenant ${tenant} does not exist, or you cannot see it.`);
      console.error(`${written} flows were written.`);
      return 1;
    }
    for (const { namespaceName, flowId, source } of flows.nodes) {
      const path = join(folder, namespaceName, `${flowId}.yaml`);
      // Names of flows cannot contain slashes, but the gateway may not be the one that it claims to be.
      if (!path.startsWith(folder + sep)) throw new Error(`The name ${namespaceName}/${flowId} is not a file name.`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, source);
    }
    written += flows.nodes.length;
    shown.say(`${written} of ${flows.totalCount} flows`);
    if (!flows.pageInfo.hasNextPage) break;
    after = flows.pageInfo.endCursor;
  }
  shown.end();
  console.log(`${tenant}: ${written} flows written to ${positionals[0]}`);
  return 0;
}

interface Validated {
  readonly validateFlow: {
    readonly valid: boolean;
    readonly namespaceName: string | null;
    readonly flowId: string | null;
    readonly issues: readonly { readonly line: number; readonly message: string }[];
  };
}
const validateDocument = /* GraphQL */ `
  mutation ValidateFlow($input: ValidateFlowInput!) {
    validateFlow(input: $input) { valid namespaceName flowId issues { line message } }
  }
`;

async function validateFlows(args: readonly string[]): Promise<number> {
  const { tenant, remote, positionals } = await readInTenant(forms.validate, args, [1, Number.POSITIVE_INFINITY]);
  let invalid = 0;
  for (const path of positionals) {
    const source = readTextFile(path);
    const answer = await askOrPrint<Validated>(remote, validateDocument, { input: { tenantKey: tenant, source } });
    if (!answer) return 1;
    const { valid, namespaceName, flowId, issues } = answer.validateFlow;
    if (valid) console.log(`${path}: ${namespaceName}/${flowId} is valid`);
    else invalid += 1;
    for (const { line, message } of issues) console.error(`${path}:${line}: ${message}`);
  }
  return invalid > 0 ? 1 : 0;
}

export const flowCommand: Command = {
  name: 'flow',
  usage: 'flow export|validate …',
  forms: Object.values(forms),
  description: 'Write the flows of a tenant into a folder, or check sources as the gateway does.',
  async run([verb, ...args]) {
    if (verb === 'export') return exportFlows(args);
    if (verb === 'validate') return validateFlows(args);
    return unknownForm(Object.values(forms));
  },
};
