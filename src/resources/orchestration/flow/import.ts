import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Flow } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, type GatehouseError } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { checkLater } from '../../../graphql/mutation/item-input.ts';
import { assertLength, eachItem, itemErrorField, type Refused } from '../../../graphql/mutation/items.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { yamlDocuments } from '../../../lib/yaml-documents.ts';
import { OutcomeEnum, saveGrants, savingPermission, savingPermissions } from './mutations.ts';
import { readSources } from './reading.ts';
import { checkedRead, type FlowName, lockFlows, type SavedFlow, type SaveGrants, saveFlow } from './service.ts';
import type { ReadFlow } from './source.ts';

const FileInput = builder.inputType('FlowFileInput', {
  description: 'A file to import.',
  fields: (t) => ({
    path: t.string({ required: true, description: 'Path of the file, returned in the results.' }),
    source: t.string({ required: true, description: 'YAML source of the file.' }),
  }),
});
checkLater('ImportFlowsInput', 'files');
checkLater('ImportFlowsInput.files', 'path', 'source');
checkLater('FlowFileInput', 'path', 'source');
type File = typeof FileInput.$inferInput;

/** One document of a file, with one flow. */
interface Part {
  readonly path: string;
  /** Index of the file in the input, and number of the document, from 1. */
  readonly file: number;
  readonly document: number;
  readonly source: string;
  /** Line in the file at which the document starts. */
  readonly line: number;
}
const partsOf = (files: readonly File[]): Part[] =>
  files.flatMap(({ path, source }, file) =>
    yamlDocuments(source).map(({ text, line }, i) => ({ path, file, document: i + 1, source: text, line })),
  );

/** A parsed document with line numbers of the file. */
const inFile = (read: ReadFlow, { line }: Part): ReadFlow =>
  read.ok ? read : { ok: false, issues: read.issues.map((one) => ({ ...one, line: (one.line ?? 1) + line - 1 })) };

interface Imported {
  readonly path: string;
  readonly document: number;
  readonly flow: Flow | null;
  readonly outcome: SavedFlow['outcome'] | null;
  readonly error: Refused | null;
}
const ImportedRef = builder.objectRef<Imported>('ImportedFlow').implement({
  description: 'Result for one document of a file.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Path of the file.' }),
    document: t.exposeInt('document', { description: 'Number of the document in the file, from 1.' }),
    flow: t.field({
      type: refOf('Flow') as never,
      nullable: true,
      description: 'The flow.',
      resolve: ({ flow }) => flow as never,
    }),
    outcome: t.field({
      type: OutcomeEnum,
      nullable: true,
      description: 'Outcome; null if the document was refused.',
      resolve: ({ outcome }) => outcome,
    }),
    error: itemErrorField(t, ({ error }) => error),
  }),
});

/** The names of the flows in all valid sources. */
const namesIn = (reads: readonly ReadFlow[]): FlowName[] => reads.flatMap((read) => (read.ok ? [read.flow] : []));

/** Saves each document independently. A second document of the same flow is an error. */
async function importFlows(
  tx: Tx,
  grants: SaveGrants,
  tenant: TenantRef,
  parts: readonly Part[],
  reads: readonly ReadFlow[],
  refusals: GatehouseError[],
): Promise<readonly Imported[]> {
  await lockFlows(tx, tenant.id, namesIn(reads));
  const seen = new Map<string, string>();
  let at = 0;
  return eachItem(
    tx,
    refusals,
    parts,
    async (part, i): Promise<Imported> => {
      const { path, file, document, source } = part;
      at = i;
      const place = ['input', 'files', file, 'source'];
      const read = checkedRead(reads[i]!, place);
      const name = `${read.namespace}/${read.flowId}`;
      const former = seen.get(name);
      if (former !== undefined) throw badInput(place, `${former} already contains the flow ${name}.`);
      seen.set(name, path);
      return { path, document, error: null, ...(await saveFlow(tx, grants, tenant, { source, read })) };
    },
    (error): Imported => {
      const { path, document } = parts[at]!;
      return { path, document, flow: null, outcome: null, error };
    },
  );
}

mutation('importFlows', {
  description:
    'Saves many flows in one transaction, with a result for each. A refused flow has an error; the others are saved. A file can have several YAML documents, one for each flow. Requires FLOW:CREATE for new flows and FLOW:UPDATE for existing ones.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    files: t.field({
      type: [FileInput],
      required: true,
      description: 'Files, at most 500, with at most 500 documents in total.',
    }),
  }),
  alternatives: savingPermissions,
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  prepare: async ({ files }, _target, context) => {
    assertLength(files);
    const parts = partsOf(files);
    assertLength(parts);
    const reads = await readSources(
      parts.map(({ source }) => source),
      context,
    );
    return { parts, reads: reads.map((read, i) => inFile(read, parts[i]!)) };
  },
  choose: ({ reads }, target, context) => savingPermission(namesIn(reads), target, context),
  run: (tx, _grant, { parts, reads }, { tenant }, context, refusals) =>
    importFlows(tx, saveGrants(context, tenant), tenant, parts, reads, refusals),
  payload: (t) => ({
    results: t.field({
      type: [ImportedRef],
      description: 'One result for each document, in the order of the files and their documents.',
      resolve: ({ result }) => [...result],
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
