import { split } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import { isInstanceWide, tenantColumn } from '../../../access/resource.ts';
import type { Issue } from '../../../errors.ts';
import { instantFrom } from '../../../lib/day.ts';
import { type Explanation, explain, settle } from '../../../policy/answer/explain.ts';
import type { LookUps } from '../../../policy/contract.ts';
import type { Engine } from '../../../policy/decide/engine.ts';
import { columnsOf } from '../../../policy/filter/columns.ts';
import type { Principal } from '../../../policy/principals/principal.ts';
import type { ExpectedAnswer, Suite, SuiteCase } from './suite-model.ts';
import { People } from './suite-people.ts';

export interface Verdict {
  readonly answer: ExpectedAnswer;
  readonly policy?: string;
  readonly reason?: string;
}
export interface CaseResult {
  readonly name: string;
  readonly index: number;
  readonly passed: boolean;
  readonly expected: SuiteCase['expect'];
  readonly got: Verdict;
  readonly explanation: Explanation;
}

export { People };

/** Faults of the suite: cases with unknown actors, tenants or columns. */
export function faultsOf(suite: Suite, people: People): Issue[] {
  const faults = [...people.faults];
  suite.cases.forEach((one, i) => {
    const at = (...path: string[]) => ['cases', i, ...path];
    if (one.tenant !== undefined && !people.tenants.has(one.tenant))
      faults.push({ path: at('tenant'), message: `The tenant ${one.tenant} does not exist.` });
    if (!people.get(one.as, one.tenant))
      faults.push({ path: at('as'), message: `The user or service account ${one.as} does not exist.` });
    const columns = columnsOf(split(one.permission)[0]);
    if (one.namespace !== undefined && !columns.has('namespace'))
      faults.push({
        path: at('namespace'),
        message: `${one.permission} does not apply to namespaces. Omit namespace.`,
      });
    for (const part of ['row', 'before', 'after'] as const)
      for (const column of Object.keys(one[part] ?? {}))
        if (!columns.has(column))
          faults.push({ path: at(part, column), message: `The column ${column} does not exist.` });
  });
  return faults;
}

/** Runs every case through the engine, without a store. The suite must have no faults. */
export async function runSuite(engine: Engine, suite: Suite, people: People): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [index, one] of suite.cases.entries()) {
    const { explanation, got } = await run(engine, one, people.get(one.as, one.tenant)!, suite.now);
    const { answer, policy, reason } = { policy: undefined, reason: undefined, ...one.expect };
    const passed =
      answer === got.answer &&
      (policy === undefined || policy === got.policy) &&
      (reason === undefined || (got.reason ?? '').includes(reason));
    const name = one.name ?? `${one.as} ${one.permission} ${one.namespace ?? one.tenant ?? 'in the instance'}`;
    results.push({ name, index, passed, expected: one.expect, got, explanation });
  }
  return results;
}

const answerNames = { ALLOWED: 'ALLOW', REFUSED: 'REFUSE', ERROR: 'ERROR', DEPENDS: 'DEPENDS' } as const;

async function run(
  engine: Engine,
  { permission, tenant, namespace, ip, reason, credential, now, ...one }: SuiteCase,
  principal: Principal,
  clock: Date,
): Promise<{ explanation: Explanation; got: Verdict }> {
  const at = now ?? clock;
  const [resource] = split(permission);
  const home = tenant !== undefined && !isInstanceWide(resource) ? { [tenantColumn(resource)]: tenant } : {};
  const place = { ...home, ...(namespace !== undefined && { namespace }) };
  const whole = (part: Row): Row => ({ ...place, ...typed(permission, part) });
  const change = { before: one.before ? whole(one.before) : null, after: one.after ? whole(one.after) : null };
  const isChange = one.before != null || one.after != null;
  const known = isChange ? undefined : namespace !== undefined || one.row ? whole(one.row ?? {}) : undefined;
  const explanation = explain(engine, {
    principal,
    given: {
      now: at,
      credential: credentialOf(credential, principal, at),
      ...(ip !== undefined && { ip }),
      ...(reason === undefined ? { absent: ['reason'] } : { reason }),
    },
    permission,
    scope: tenant === undefined ? {} : { tenantId: tenant },
    ...(known && { row: known }),
  });
  if (!isChange || explanation.answer !== 'ALLOWED') return { explanation, got: verdictOf(explanation) };
  // Before and after must both be allowed, as in a mutation.
  for (const part of [change.before, change.after]) {
    if (!part) continue;
    const reached = settle(explanation.steps, part);
    if (reached.answer !== 'ALLOWED') {
      const there = { ...explanation, ...reached };
      return { explanation: there, got: verdictOf(there) };
    }
  }
  const { refused: step } = await engine.review(explanation.decision, change, withoutStore);
  if (!step) return { explanation, got: { answer: 'ALLOW' } };
  const { policy, effect } = step;
  return {
    explanation,
    got: { answer: effect === 'error' ? 'ERROR' : 'REFUSE', policy, reason: step.reason ?? step.cause ?? '' },
  };
}

function verdictOf({ answer, by, steps }: Explanation): Verdict {
  if (answer !== 'ERROR') return { answer: answerNames[answer], ...by };
  const cause = steps.find(({ policy, effect }) => policy === by?.policy && effect === 'error')?.cause;
  return { answer: 'ERROR', ...by, ...(cause !== undefined && { reason: cause }) };
}

/** A review that reads other rows fails: tests of policies have no store. */
const withoutStore = new Proxy({} as LookUps, {
  get: (_target, name) => () =>
    Promise.reject(new Error(`${String(name)}() is not available in a test of policies, which has no store`)),
});

function credentialOf(given: SuiteCase['credential'], { kind }: Principal, now: Date) {
  if (given === undefined) {
    return kind === 'USER'
      ? ({ kind: 'basic' } as const)
      : ({ kind: 'api-token', createdAt: now, expiresAt: null, lastUsedAt: null } as const);
  }
  if (given.kind === 'password') return { kind: 'basic' } as const;
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  if (given.kind === 'session') {
    const none = given.method === 'password' ? { provider: null } : {};
    return { ...none, ...Object.fromEntries(known), kind: 'session' } as const;
  }
  return { ...Object.fromEntries(known), kind: given.kind } as const;
}

/** Converts times, which are text in a file. */
function typed(permission: SuiteCase['permission'], row: Row): Row {
  const columns = columnsOf(split(permission)[0]);
  const isInstant = (name: string, value: unknown) =>
    typeof value === 'string' && columns.get(name)?.type === 'DateTime';
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      isInstant(name, value) ? (instantFrom(value as string) ?? new Date(Number.NaN)) : value,
    ]),
  );
}
