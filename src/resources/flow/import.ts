import type { TenantRef } from '../../access/tenant-ref.ts';
import type { Flow } from '../../db/generated/client.ts';
import type { Tx } from '../../db/transaction.ts';
import { badInput, type GatehouseError } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { refOf } from '../../graphql/connection-type.ts';
import { eachItem, ItemError, type Refused } from '../../graphql/items.ts';
import { mutation } from '../../graphql/mutation.ts';
import { remember } from '../../lib/remember.ts';
import { OutcomeEnum, saveGrants, savingTarget } from './mutations.ts';
import { checkedSource, type FlowName, lockFlows, type SavedFlow, type SaveGrants, saveFlow } from './service.ts';
import { readFlow } from './source.ts';

const FileInput = builder.inputType('FlowFileInput', {
  description: 'One file to import.',
  fields: (t) => ({
    path: t.string({ required: true, description: 'What the answer calls it.' }),
    source: t.string({ required: true, description: 'Its YAML.' }),
  }),
});
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

const names = new WeakMap<readonly File[], FlowName[]>();
/** The flows that are named by those of them that can be read. */
const namesIn = (files: readonly File[]): FlowName[] =>
  remember(names, files, () =>
    files.flatMap(({ source }) => {
      const read = readFlow(source);
      return read.ok ? [{ namespace: read.flow.namespace, flowId: read.flow.flowId }] : [];
    }),
  );

/** Saves each of these files by itself. Two of the same flow are a fault of the second. */
async function importFlows(
  tx: Tx,
  grants: SaveGrants,
  tenant: TenantRef,
  files: readonly File[],
  named: readonly FlowName[],
  refusals: GatehouseError[],
): Promise<readonly Imported[]> {
  await lockFlows(tx, tenant.id, named);
  const seen = new Map<string, string>();
  let at = 0;
  return eachItem(
    tx,
    refusals,
    files,
    async ({ path, source }, i): Promise<Imported> => {
      at = i;
      const place = ['input', 'files', i, 'source'];
      const read = checkedSource(source, place);
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
  target: ({ tenant, files }, context) => savingTarget(tenant, namesIn(files), context),
  run: (tx, _grant, { files }, { tenant }, context, refusals) =>
    importFlows(tx, saveGrants(context, tenant!), tenant!, files, namesIn(files), refusals),
  payload: (t) => ({
    results: t.field({
      type: [ImportedRef],
      description: 'In the order of the files.',
      resolve: ({ result }) => [...result],
    }),
  }),
  timeoutMs: ({ limits }) => limits.bulkMs,
});
