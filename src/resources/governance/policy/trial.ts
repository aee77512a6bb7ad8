import { GatehouseError } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { parseYaml } from '../../../lib/yaml.ts';
import { Engine } from '../../../policy/decide/engine.ts';
import { compare, type Difference } from '../../../policy/decisions/compare.ts';
import { askerOf, type Verdict } from '../../../policy/decisions/replay.ts';
import { reaches } from '../../../policy/filter/partial-match.ts';
import type { PreparedPolicies } from '../../../policy/load/live-policies.ts';
import { PolicyLoadError } from '../../../policy/load/load.ts';
import { type CaseResult, faultsOf, People, runSuite } from './suite.ts';
import { suiteFile } from './suite-model.ts';

const dayMs = 86_400_000;
/** Newest decisions that are replayed, so that a trial takes a bounded time. */
const maxReplayed = 10_000;

/** Equal differences: the same principal, permission, tenant and outcomes. */
export interface ChangedDecision {
  readonly asker: ReturnType<typeof askerOf>;
  readonly permission: string;
  readonly tenantKey: string | null;
  readonly before: Ended;
  readonly after: Ended;
  readonly count: number;
}

/** How a decision ends. */
export interface Ended {
  readonly answer: 'ALLOWED' | 'REFUSED' | 'ERROR' | 'UNKNOWN';
  readonly policy: string | null;
}

export interface Trial {
  readonly since: Date;
  readonly replayed: number;
  readonly changed: readonly ChangedDecision[];
  /** Number of changed decisions of tenants whose audit log the caller cannot read. */
  readonly hidden: number;
  readonly tests: readonly CaseResult[] | null;
}

let isRunning = false;

/**
 * Replays recorded decisions with proposed policies, and runs tests with them. One trial at a time on a gateway.
 * @throws UNAVAILABLE if another one runs. BAD_INPUT with all faults of the policies or the tests.
 */
export async function tryPolicies(
  context: Context,
  proposed: PreparedPolicies,
  days: number,
  tests: string | null | undefined,
): Promise<Trial> {
  if (isRunning)
    throw new GatehouseError('UNAVAILABLE', 'Another trial of policies runs on this gateway. Try again.', {
      retryAfter: 2,
    });
  isRunning = true;
  try {
    const results = tests == null ? null : await tested(context, proposed, tests);
    return { ...(await replayed(context, proposed, days)), tests: results };
  } finally {
    isRunning = false;
  }
}

async function replayed(context: Context, { set, fingerprint }: PreparedPolicies, days: number) {
  const { db, engine } = context;
  const from = new Date(Date.now() - days * dayMs);
  const [oldest] = await db.decision.findMany({
    where: { at: { gte: from } },
    orderBy: { at: 'desc' },
    skip: maxReplayed,
    take: 1,
    select: { at: true },
  });
  const since = oldest?.at ?? from;
  const found = await compare(db, new Engine(set, fingerprint, engine.reviewMs), { since, most: maxReplayed });
  return { since, replayed: found.replayed, ...(await shown(context, found.differences)) };
}

/** Differences in tenants whose audit log the caller can read. Others are only counted. */
async function shown(context: Context, differences: readonly Difference[]) {
  const { db, session } = context;
  const tenants = new Map(
    (await db.tenant.findMany({ select: { id: true, key: true } })).map(({ id, key }) => [id, key]),
  );
  const isReadable = (tenantId: string): boolean => {
    const scope = tenantId === '' ? {} : { tenantId };
    const { outcome } = session.decide('AUDITLOG:READ', scope);
    return outcome.effect === 'allow' && reaches(outcome.where, { tenantId, namespace: '' }) === 'yes';
  };
  const readable = new Map(
    [...new Set(differences.map(({ decision }) => decision.tenantId))].map((id) => [id, isReadable(id)]),
  );
  const changed = new Map<string, ChangedDecision>();
  let hidden = 0;
  for (const { decision, was, would } of differences) {
    if (!readable.get(decision.tenantId)) {
      hidden += decision.count;
      continue;
    }
    const at = was.reviews.findIndex((review, i) => would.reviews[i] !== review || would.reviews[i] === undefined);
    const one = {
      asker: askerOf(decision),
      permission: decision.permission,
      tenantKey: tenants.get(decision.tenantId) ?? null,
      before: endOf(was, at),
      after: endOf(would, at),
      count: decision.count,
    };
    const key = JSON.stringify([one.asker.id, one.permission, decision.tenantId, one.before, one.after]);
    changed.set(key, { ...one, count: one.count + (changed.get(key)?.count ?? 0) });
  }
  return { changed: [...changed.values()].sort((a, b) => b.count - a.count), hidden };
}

/** Of several changes under one decision, the first difference counts. */
function endOf({ effect, policy, reviews }: Verdict, at: number): Ended {
  if (effect !== 'allow') return { answer: effect === 'error' ? 'ERROR' : 'REFUSED', policy: policy ?? null };
  const review = at < 0 ? null : reviews[at];
  if (review === undefined) return { answer: 'UNKNOWN', policy: null };
  return { answer: review === null ? 'ALLOWED' : 'REFUSED', policy: review };
}

async function tested(
  { policies, engine }: Context,
  { configuration }: PreparedPolicies,
  text: string,
): Promise<CaseResult[]> {
  const refused = (issues: readonly { message: string }[]) =>
    new GatehouseError('BAD_INPUT', issues.map(({ message }) => message).join(' '), {
      issues: issues.map(({ message }) => ({ path: ['input', 'tests'], message })),
    });
  const parsed = parseYaml(text, suiteFile);
  if (!parsed.ok)
    throw refused(
      parsed.issues.map(({ line = 1, path, message }) => ({ message: `Line ${line}: ${path.join('.')} ${message}` })),
    );
  const people = new People(parsed.value);
  const faults = faultsOf(parsed.value, people);
  if (faults.length > 0)
    throw refused(faults.map(({ path, message }) => ({ message: `Line ${parsed.lineOf(path)}: ${message}` })));
  try {
    const settings = { ...configuration, policies: parsed.value.policies ?? configuration.policies };
    const { set, fingerprint } = await policies.proposeFor(settings, people);
    try {
      return await runSuite(new Engine(set, fingerprint, engine.reviewMs), parsed.value, people);
    } finally {
      await policies.discard(set);
    }
  } catch (error) {
    if (error instanceof PolicyLoadError)
      throw refused(
        error.faults.map((message) => ({ message: `The tests do not know what the policies name: ${message}.` })),
      );
    throw error;
  }
}
