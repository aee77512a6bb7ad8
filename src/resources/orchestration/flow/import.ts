import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { Flow } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, type GatehouseError } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { checkLater } from '../../../graphql/mutation/item-input.ts';
import { assertLength, eachItem, ItemError, type Refused } from '../../../graphql/mutation/items.ts';
import { inTenant } from '../../../graphql/mutation/target.ts';
import { yamlDocuments } from '../../../lib/yaml-documents.ts';
import { OutcomeEnum, saveGrants, savingPermission, savingPermissions } from './mutations.ts';
import { readSources } from './reading.ts';
import { checkedRead, type FlowName, lockFlows, type SavedFlow, type SaveGrants, saveFlow } from './service.ts';
import type { ReadFlow } from './source.ts';

const FileInput = builder.inputType('FlowFileInput', {
  description: 'One file to import.',
  fields: (t) => ({
    path: t.string({ required: true, description: 'What the answer calls it.' }),
    source: t.string({ required: true, description: 'Its YAML.' }),
  }),
});
checkLater('ImportFlowsInput', 'files');
checkLater('ImportFlowsInput.files', 'path', 'source');
checkLater('FlowFileInput', 'path', 'source');
type File = typeof FileInput.$inferInput;

/** One document of a file: a flow. */
interface Part {
  readonly path: string;
  /** Which file of the input, and which document of it, from 1 on. */
  readonly file: number;
  readonly document: number;
  readonly source: string;
  /** The line of the file in which it begins. */
  readonly line: number;
}
const partsOf = (files: readonly File[]): Part[] =>
  files.flatMap(({ path, source }, file) =>
    yamlDocuments(source).map(({ text, line }, i) => ({ path, file, document: i + 1, source: text, line })),
  );

/** What was read of a document, its faults with the lines of the file. */
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
  description: 'What came of one document of a file.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Which file.' }),
    document: t.exposeInt('document', { description: 'Which document of the file, from 1 on.' }),
    flow: t.field({
      type: refOf('Flow') as never,
      nullable: true,
      description: 'The flow.',
      resolve: ({ flow }) => flow as never,
    }),
    outcome: t.field({
      type: OutcomeEnum,
      nullable: true,
      description: 'What it came to; null where it was refused.',
      resolve: ({ outcome }) => outcome,
    }),
    error: t.field({
      type: ItemError,
      nullable: true,
      description: 'Why it was refused.',
      resolve: ({ error }) => error,
    }),
  }),
});

/** The flows that are named by those of them that can be read. */
const namesIn = (reads: readonly ReadFlow[]): FlowName[] => reads.flatMap((read) => (read.ok ? [read.flow] : []));

/** Saves each of these documents by itself. Two of the same flow are a fault of the second. */
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
      if (former !== undefined) throw badInput(place, `${former} has the flow ${name} already.`);
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
    'Saves many flows in one transaction, with an answer for each: what is refused says why, the rest is saved. A file of several YAML documents is several flows. Takes FLOW:CREATE for new ones, FLOW:UPDATE for those that are there.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    files: t.field({
      type: [FileInput],
      required: true,
      description: 'At most 500, and at most 500 documents in them.',
    }),
  }),
  alternatives: savingPermissions,
  target: ({ tenant }, context) => inTenant(tenant, context),
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
      description: 'In the order of the files, and of the documents in each.',
      resolve: ({ result }) => [...result],
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
