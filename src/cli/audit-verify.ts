import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ChainReport } from '../audit/chain.ts';
import { statementIn } from '../audit/export-line.ts';
import type { SignedStatement } from '../audit/statement.ts';
import { verifyExport } from '../audit/verify-export.ts';
import { verifyStore } from '../audit/verify-store.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import { type VerifyingKey, verifyingKey } from '../lib/signing.ts';
import { keysOf } from './audit-checkpoint.ts';
import { verifyForms } from './audit-usage.ts';
import { withStore } from './store.ts';
import { UsageError, usedAs } from './usage.ts';

const usage = `Usage: ${verifyForms.map((form) => `gatehouse ${form}`).join('\n       ')}`;

function read(path: string): string {
  if (!existsSync(path)) throw new UsageError(`The file ${path} does not exist.`);
  return readFileSync(path, 'utf8');
}

/** Checkpoints that were kept elsewhere: NDJSON, as printed by `audit checkpoint`. */
function checkpointsIn(path: string | undefined): SignedStatement[] {
  if (path === undefined) return [];
  return read(path)
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      try {
        const statement = statementIn((JSON.parse(line) as { checkpoint?: unknown }).checkpoint);
        // A tombstone permits missing events: only the store, or the export itself, can provide one.
        if (statement.kind !== 'checkpoint') throw new Error('not a checkpoint');
        return [statement];
      } catch {
        throw new UsageError(`${path}, line ${i + 1}: not a checkpoint.`);
      }
    });
}

function publicKeysIn(path: string): VerifyingKey[] {
  const blocks = read(path).match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length === 0) throw new UsageError(`${path} has no public key (PEM).`);
  return blocks.map((pem) => {
    try {
      return verifyingKey(pem);
    } catch {
      throw new UsageError(`${path} has a key that is not an Ed25519 public key.`);
    }
  });
}

function printReport({ tenantId, tenantKey, events, proofs, faults, faultCount, unprovable }: ChainReport): void {
  const name = tenantId === '' ? 'instance' : `tenant ${tenantKey || tenantId}`;
  if (unprovable !== undefined) {
    console.log(`${name}: ${events} events: not provable, because ${unprovable}`);
    console.log('  Export it without a filter, as a user who can read all objects in its events.');
    return;
  }
  const result = faultCount === 0 ? 'intact' : `${faultCount} fault${faultCount === 1 ? '' : 's'}`;
  console.log(`${name}: ${events} events, ${proofs} signed statements: ${result}`);
  for (const { kind, seq, message } of faults)
    console.log(`  ${kind}${seq === undefined ? '' : ` ${seq}`}: ${message}`);
  if (faultCount > faults.length) console.log(`  and ${faultCount - faults.length} more`);
}

/** @returns 0 if every chain is intact, 1 if one is not, 2 if an export omits something and proves nothing. */
export async function verify(args: readonly string[]): Promise<number> {
  const { values } = await usedAs(usage, () =>
    parseArgs({
      args: [...args],
      options: {
        tenant: { type: 'string' },
        instance: { type: 'boolean' },
        file: { type: 'string' },
        'public-key': { type: 'string' },
        checkpoints: { type: 'string' },
      },
    }),
  );
  const kept = checkpointsIn(values.checkpoints);
  const began = performance.now();
  let events = 0;
  let code = 0;
  const count = (report: ChainReport) => {
    printReport(report);
    events += report.events;
    if (report.unprovable !== undefined) code ||= 2;
    else if (report.faultCount > 0) code = 1;
  };
  if (values.file !== undefined) {
    if (values['public-key'] === undefined || values.tenant !== undefined || values.instance)
      throw new UsageError(usage);
    const keys = publicKeysIn(values['public-key']);
    if (!existsSync(values.file)) throw new UsageError(`The file ${values.file} does not exist.`);
    count(await verifyExport(createReadStream(values.file, { highWaterMark: 1 << 20 }), keys, kept));
  } else {
    if (values['public-key'] !== undefined || (values.tenant !== undefined && values.instance))
      throw new UsageError(usage);
    const config = readConfig();
    await withStore(config, createLog(config.log), async ({ prisma }, connection) => {
      const only = values.instance
        ? ''
        : values.tenant === undefined
          ? undefined
          : await idOfTenant(prisma, values.tenant);
      for await (const report of verifyStore(connection, keysOf(config).signing, kept, only)) count(report);
    });
  }
  const seconds = (performance.now() - began) / 1_000;
  console.log(`${events} events in ${seconds.toFixed(1)} s (${Math.round(events / seconds)}/s)`);
  return code;
}

/** The chain of a tenant, which can be deleted. */
async function idOfTenant(
  db: { auditEvent: { findFirst(args: object): Promise<{ tenantId: string } | null> } },
  key: string,
): Promise<string> {
  const newest = await db.auditEvent.findFirst({
    where: { tenantKey: key, NOT: { tenantId: '' } },
    orderBy: { ordinal: 'desc' },
  });
  if (!newest) throw new UsageError(`No event of a tenant ${key} exists.`);
  return newest.tenantId;
}
