import { join, resolve } from 'node:path';
import { readConfig } from '../config.ts';
import type { Issue } from '../errors.ts';
import { readTextFile } from '../lib/text-file.ts';
import { parseYaml } from '../lib/yaml.ts';
import { Engine } from '../policy/decide/engine.ts';
import { inWords } from '../policy/filter/in-words.ts';
import { loadPolicies, PolicyLoadError } from '../policy/load/load.ts';
import { fingerprintOf } from '../policy/load/policy-set.ts';
import '../resources/index.ts';
import { type CaseResult, faultsOf, People, runSuite } from '../resources/governance/policy/suite.ts';
import { type Suite, suiteFile } from '../resources/governance/policy/suite-model.ts';
import { UsageError } from './usage.ts';

const ownFolder = join(import.meta.dirname, '..', '..', 'plugins');

/** A suite that cannot run, as opposed to one that fails. */
class FaultySuite extends Error {}

/**
 * Runs tests of policies, without a database.
 * @returns 0 if every case is as expected, 1 if one is not, 2 if a file or the policies have faults.
 */
export async function policyTest(files: readonly string[]): Promise<number> {
  if (files.length === 0) throw new UsageError('Usage: gatehouse policy test FILE…');
  try {
    let failed = 0;
    for (const file of files) failed += await testFile(file);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FaultySuite || error instanceof PolicyLoadError)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** @returns the number of failed cases. */
async function testFile(file: string): Promise<number> {
  const parsed = parseYaml(read(file), suiteFile);
  if (!parsed.ok) throw faulty(file, parsed.issues);
  const { value: suite, lineOf } = parsed;
  const people = new People(suite);
  const faults = faultsOf(suite, people);
  if (faults.length > 0)
    throw faulty(
      file,
      faults.map((fault) => ({ ...fault, line: lineOf(fault.path) })),
    );
  const results = await runSuite(await engineOf(suite, people), suite, people);
  for (const result of results) {
    if (result.passed) console.log(`ok    ${result.name}`);
    else console.log(failure(`${file}:${lineOf(['cases', result.index])}`, result));
  }
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`${file}: ${results.length} cases, ${results.length - failed} as expected, ${failed} not`);
  return failed;
}

function read(file: string): string {
  try {
    return readTextFile(file);
  } catch (error) {
    throw new FaultySuite((error as Error).message);
  }
}

const faulty = (file: string, issues: readonly Issue[]) =>
  new FaultySuite(
    issues.map(({ line = 1, path, message }) => `${file}:${line}: ${[...path].join('.')} ${message}`).join('\n'),
  );

async function engineOf(suite: Suite, { groups, tenants }: People): Promise<Engine> {
  const { policies, policyFolders, policyFiles, mayGrant, limits } = readConfig();
  const set = await loadPolicies({
    folders: [ownFolder, ...policyFolders.map((path) => resolve(path))],
    settings: suite.policies ?? policies,
    mayGrant,
    files: policyFiles,
    groups,
    tenants,
  });
  return new Engine(set, fingerprintOf(set), limits.reviewMs);
}

function failure(place: string, { name, expected, got, explanation }: CaseResult): string {
  const { decision, dependsOn, steps } = explanation;
  const spoken = { tenantId: decision.scope.tenantId, principalId: decision.request.actor.id };
  const { answer, policy, reason } = { policy: undefined, reason: undefined, ...expected };
  const words = (verdict: { answer: string; policy?: string | undefined; reason?: string | undefined }) =>
    [verdict.answer, verdict.policy && `by ${verdict.policy}`, verdict.reason && `(${verdict.reason})`]
      .filter(Boolean)
      .join(' ');
  const open = dependsOn.size > 0 && got.answer === 'DEPENDS' ? `, on: ${[...dependsOn].join(', ')}` : '';
  const said = steps.map((step) => {
    const effect = step.open.size > 0 ? `depends on ${[...step.open].join(', ')}` : step.effect;
    const filter = step.filter && `${step.effect === 'deny' ? 'all but ' : ''}${inWords(step.filter, spoken)}`;
    return `        ${step.policy}: ${[effect, step.shadow && '(shadow mode)', step.reason ?? step.cause, filter].filter(Boolean).join(' — ')}`;
  });
  return [
    `FAIL  ${name}  (${place})`,
    `      expected ${words({ answer, policy, reason: reason && `the reason says "${reason}"` })}`,
    `      got      ${words(got)}${open}`,
    '      because',
    ...said,
  ].join('\n');
}
