import { parseArgs } from 'node:util';
import { policiesOfFile } from '../bootstrap/policies.ts';
import { assertSettings, readSettings } from '../bootstrap/settings.ts';
import type { PrismaClient } from '../db/generated/client.ts';
import { createLog } from '../lib/log.ts';
import { Engine } from '../policy/decide/engine.ts';
import { compare, type Difference } from '../policy/decisions/compare.ts';
import { askerOf, type Verdict } from '../policy/decisions/replay.ts';
import { withStore } from './store.ts';
import { UsageError } from './usage.ts';

export const replayUsage = 'policy replay [FILE] [--days N]';
const usage = `Usage: gatehouse ${replayUsage}`;

const dayMs = 86_400_000;

function argumentsOf(args: readonly string[]): { file: string | undefined; days: number } {
  try {
    const options = { days: { type: 'string', default: '30' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const days = Number(values.days);
    if (positionals.length <= 1 && Number.isInteger(days) && days > 0) return { file: positionals[0], days };
  } catch {
    // An unknown option is reported like every other mistake.
  }
  throw new UsageError(usage);
}

/** The result as text. Of several changes under one decision, the first difference counts. */
function endOf({ effect, policy, reviews }: Verdict, at: number): string {
  const review = at < 0 ? null : reviews[at];
  if (at >= 0 && review === undefined) return 'cannot be determined from the record';
  if (effect === 'error') return `could not be decided (${policy})`;
  if (effect === 'deny') return `refused by ${policy}`;
  return review ? `refused by ${review}` : at < 0 ? 'allowed, for other rows' : 'done';
}

function describe({ decision, was, would }: Difference, tenants: ReadonlyMap<string, string>): string {
  const at = was.reviews.findIndex((review, i) => would.reviews[i] !== review || would.reviews[i] === undefined);
  const tenant =
    decision.tenantId === '' ? 'at the instance level' : `in ${tenants.get(decision.tenantId) ?? 'a deleted tenant'}`;
  const before = was.effect === 'allow' && at < 0 ? 'allowed' : endOf(was, at);
  if (was.effect === 'allow' && at < 0 && was.masks !== would.masks && was.where === would.where)
    return `${askerOf(decision).name}, ${decision.permission} ${tenant}: allowed → allowed, with other masks`;
  return `${askerOf(decision).name}, ${decision.permission} ${tenant}: ${before} → ${endOf(would, at)}`;
}

async function print(db: PrismaClient, differences: readonly Difference[]): Promise<void> {
  const tenants = new Map((await db.tenant.findMany()).map(({ id, key }) => [id, key]));
  const lines = new Map<string, number>();
  for (const difference of differences) {
    const line = describe(difference, tenants);
    lines.set(line, (lines.get(line) ?? 0) + difference.decision.count);
  }
  for (const [line, count] of [...lines].sort((a, b) => b[1] - a[1]))
    console.log(`${String(count).padStart(6)} × ${line}`);
}

/**
 * Replays the recorded decisions with the policies of a file, and lists the differences.
 * @returns 0 if there are none, 1 if there are some, as diff does.
 */
export async function policyReplay(args: readonly string[]): Promise<number> {
  const { file, days } = argumentsOf(args);
  const config = await readSettings(file);
  return withStore(
    config,
    createLog(config.log),
    async (store) => {
      const { set, fingerprint } = await policiesOfFile(store, config);
      const since = new Date(Date.now() - days * dayMs);
      const engine = new Engine(set, fingerprint, config.limits.reviewMs);
      const { replayed, differences, more } = await compare(store.prisma, engine, { since });
      console.log(`replayed ${replayed} decisions of the last ${days} days with policies ${fingerprint}`);
      if (differences.length === 0) {
        console.log('no differences');
        return 0;
      }
      await print(store.prisma, differences);
      if (more > 0) console.log(`  and ${more} more`);
      return 1;
    },
    (connection) => assertSettings(config, connection, true),
  );
}
