import type { TenantRef } from '../../access/tenant-ref.ts';
import type { Flow } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { badInput, type GatehouseError } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { refOf } from '../../graphql/connection-type.ts';
import { checkLater } from '../../graphql/item-input.ts';
import { assertLength, eachItem, ItemError, type Refused } from '../../graphql/items.ts';
import { inTenant, mutation } from '../../graphql/mutation.ts';
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

interface Imported {
  readonly path: string;
  readonly flow: Flow | null;
  readonly outcome: SavedFlow['outcome'] | null;
  readonly error: Refused | null;
}
const ImportedRef = builder.objectRef<Imported>('ImportedFlow').implement({
  description: 'What came of one file.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Which file.' }),
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

/** Saves each of these files by itself. Two of the same flow are a fault of the second. */
async function importFlows(
  tx: Tx,
  grants: SaveGrants,
  tenant: TenantRef,
  files: readonly File[],
  reads: readonly ReadFlow[],
  refusals: GatehouseError[],
): Promise<readonly Imported[]> {
  await lockFlows(tx, tenant.id, namesIn(reads));
  const seen = new Map<string, string>();
  let at = 0;
  return eachItem(
    tx,
    refusals,
    files,
    async (file, i): Promise<Imported> => {
      const { path, source } = file;
      at = i;
      const place = ['input', 'files', i, 'source'];
      const read = checkedRead(reads[i]!, place);
      const name = `${read.namespace}/${read.flowId}`;
      const former = seen.get(name);
      if (former !== undefined) throw badInput(place, `${former} has the flow ${name} already.`);
      seen.set(name, path);
      return { path, error: null, ...(await saveFlow(tx, grants, tenant, { source, read })) };
    },
    (error): Imported => ({ path: files[at]!.path, flow: null, outcome: null, error }),
  );
}

mutation('importFlows', {
  description:
    'Saves many flows in one transaction, with an answer for each: what is refused says why, the rest is saved. Takes FLOW:CREATE for new ones, FLOW:UPDATE for those that are there.',
  permission: 'FLOW:CREATE' as 'FLOW:CREATE' | 'FLOW:UPDATE',
  input: (t) => ({
    tenant: t.string({ required: true, description: 'Key of the tenant.' }),
    files: t.field({ type: [FileInput], required: true, description: 'At most 500.' }),
  }),
  alternatives: savingPermissions,
  target: ({ tenant }, context) => inTenant(tenant, context),
  prepare: async ({ files }, _target, context) => {
    assertLength(files);
    return {
      reads: await readSources(
        files.map(({ source }) => source),
        context,
      ),
    };
  },
  choose: ({ reads }, target, context) => savingPermission(namesIn(reads), target, context),
  run: (tx, _grant, { files, reads }, { tenant }, context, refusals) =>
    importFlows(tx, saveGrants(context, tenant!), tenant!, files, reads, refusals),
  payload: (t) => ({
    results: t.field({
      type: [ImportedRef],
      description: 'In the order of the files.',
      resolve: ({ result }) => [...result],
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
