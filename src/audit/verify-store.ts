import pg from 'pg';
import type { Connection } from '../db/embedded.ts';
import type { VerifyingKey } from '../lib/signing.ts';
import { type ChainBegin, ChainCheck, type ChainReport } from './chain.ts';
import { contentOf, digestOf, type EventContent } from './event.ts';
import { faultOf, type SignedStatement } from './statement.ts';

const batch = 5_000;

/** Rows are arrays of texts: millions of them are read, and most columns are texts. */
const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

const columns = [
  'seq',
  'prevHash',
  'hash',
  'action',
  'actorId',
  'actorKind',
  'actorName',
  'at',
  'decisionId',
  'details',
  'id',
  'impersonatorId',
  'impersonatorName',
  'ip',
  'namespace',
  'outcome',
  'patch',
  'patchText',
  'policy',
  'reason',
  'requestId',
  'resource',
  'resourceId',
  'resourceKey',
  'revertPatch',
  'tenantKey',
  'type',
] as const;
type Columns = readonly (string | null)[];
const at = Object.fromEntries(columns.map((name, i) => [name, i])) as Record<(typeof columns)[number], number>;
const iso = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const selected = columns.map((name) => (name === 'at' ? iso : `"${name}"`)).join(', ');

const json = (text: string | null | undefined): unknown => (text == null ? null : JSON.parse(text));

const contentIn = (row: Columns, tenantId: string): EventContent => ({
  id: row[at.id]!,
  tenantId,
  tenantKey: row[at.tenantKey]!,
  at: row[at.at]!,
  type: row[at.type]!,
  action: row[at.action]!,
  outcome: row[at.outcome]!,
  actorKind: row[at.actorKind]!,
  actorId: row[at.actorId]!,
  actorName: row[at.actorName]!,
  impersonatorId: row[at.impersonatorId]!,
  impersonatorName: row[at.impersonatorName]!,
  resource: row[at.resource]!,
  resourceId: row[at.resourceId]!,
  resourceKey: row[at.resourceKey]!,
  namespace: row[at.namespace]!,
  ip: row[at.ip]!,
  requestId: row[at.requestId]!,
  decisionId: row[at.decisionId]!,
  policy: row[at.policy]!,
  reason: row[at.reason]!,
  patch: json(row[at.patch]),
  revertPatch: json(row[at.revertPatch]),
  patchText: row[at.patchText]!,
  details: json(row[at.details]),
});

interface StoredStatement {
  readonly tenantId: string;
  readonly seq: string;
  readonly hash: string;
  readonly at: string;
  readonly keyId: string;
  readonly signature: string;
}

/**
 * Verifies every chain of the store (or one) at one instant, while gateways run.
 * @param keys trusted keys for its statements.
 * @param kept checkpoints from elsewhere: an attacker with write access can remove those in the store.
 * @param only a tenant ID, or '' for the instance. Omit for all chains.
 */
export async function* verifyStore(
  connection: Connection,
  keys: readonly VerifyingKey[],
  kept: readonly SignedStatement[],
  only?: string,
): AsyncGenerator<ChainReport> {
  const client = new pg.Client({ ...connection });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const ofKind = async (kind: SignedStatement['kind'], table: string): Promise<SignedStatement[]> => {
      const { rows } = await client.query<StoredStatement>(
        `SELECT "tenantId", seq::text, hash, ${iso} AS at, "keyId", signature FROM "${table}" ORDER BY "tenantId", seq`,
      );
      return rows.map((row) => ({ ...row, kind, seq: BigInt(row.seq) }));
    };
    const statements = [
      ...(await ofKind('tombstone', 'AuditTombstone')),
      ...(await ofKind('checkpoint', 'AuditCheckpoint')),
      ...kept,
    ];
    const heads = await client.query<{ tenantId: string; seq: string; hash: string }>(
      'SELECT "tenantId", seq::text, hash FROM "AuditHead"',
    );
    const present = await client.query<{ tenantId: string }>('SELECT DISTINCT "tenantId" FROM "AuditEvent"');
    const chains = new Set([...heads.rows, ...present.rows, ...statements].map(({ tenantId }) => tenantId));
    for (const tenantId of [...chains].sort()) {
      if (only !== undefined && tenantId !== only) continue;
      const head = heads.rows.find((row) => row.tenantId === tenantId);
      const own = statements.filter((statement) => statement.tenantId === tenantId);
      yield await verifyChain(client, keys, tenantId, own, head && { seq: Number(head.seq), hash: head.hash });
    }
  } finally {
    await client.end();
  }
}

/** A chain whose newest event and head do not agree. */
export interface HeadFault {
  readonly tenantId: string;
  readonly message: string;
}

/** Verifies the newest event of every chain, and that its head names it. Takes one statement for each chain. */
export async function verifyHeads(client: pg.ClientBase): Promise<{ chains: number; faults: HeadFault[] }> {
  const faults: HeadFault[] = [];
  const heads = await client.query<{ tenantId: string; seq: string; hash: string }>(
    'SELECT "tenantId", seq::text, hash FROM "AuditHead"',
  );
  for (const { tenantId, seq, hash } of heads.rows) {
    const { rows } = await client.query<Columns[number][]>({
      text: `SELECT ${selected} FROM "AuditEvent" WHERE "tenantId" = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1`,
      values: [tenantId, seq],
      rowMode: 'array',
      types: asText,
    });
    const [newest] = rows;
    // A pruned chain can have no event left. Its tombstone proves the head, which `audit verify` checks.
    if (!newest) continue;
    const check = new ChainCheck([], { seq: Number(newest[at.seq]) - 1, hash: newest[at.prevHash]! });
    const digest = digestOf(contentOf(contentIn(newest, tenantId)));
    check.add(Number(newest[at.seq]), newest[at.prevHash]!, newest[at.hash]!, digest);
    check.end({ seq: Number(seq), hash });
    faults.push(...check.faults.map(({ kind, message }) => ({ tenantId, message: `${kind}: ${message}` })));
  }
  return { chains: heads.rows.length, faults };
}

async function verifyChain(
  client: pg.Client,
  keys: readonly VerifyingKey[],
  tenantId: string,
  statements: readonly SignedStatement[],
  head: ChainBegin | undefined,
): Promise<ChainReport> {
  const believed = statements.filter((statement) => faultOf(statement, keys) === undefined);
  const tombstone = believed.filter(({ kind }) => kind === 'tombstone').at(-1);
  const check = new ChainCheck(believed, tombstone && { seq: Number(tombstone.seq), hash: tombstone.hash });
  for (const statement of statements) {
    const fault = faultOf(statement, keys);
    if (fault) check.note('UNPROVEN', Number(statement.seq), `a ${statement.kind} of ${statement.at}: ${fault}`);
  }
  let tenantKey = '';
  await client.query(`DECLARE chain NO SCROLL CURSOR FOR
    SELECT ${selected} FROM "AuditEvent" WHERE "tenantId" = ${pg.escapeLiteral(tenantId)} ORDER BY seq`);
  const fetch = () =>
    client.query<Columns[number][]>({ text: `FETCH ${batch} FROM chain`, rowMode: 'array', types: asText });
  // Fetches the next rows while these are checked.
  let next = fetch();
  for (;;) {
    const { rows } = await next;
    if (rows.length === 0) break;
    next = fetch();
    for (const row of rows)
      check.add(Number(row[at.seq]), row[at.prevHash]!, row[at.hash]!, digestOf(contentOf(contentIn(row, tenantId))));
    tenantKey = rows.at(-1)![at.tenantKey]!;
  }
  await client.query('CLOSE chain');
  check.end(head ?? (check.events > 0 ? { seq: 0, hash: '' } : undefined));
  return {
    tenantId,
    tenantKey,
    events: check.events,
    proofs: believed.length,
    faults: check.faults,
    faultCount: check.count,
  };
}
