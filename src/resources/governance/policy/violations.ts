import type { Flow } from '../../../db/generated/client.ts';
import type { Context } from '../../../graphql/context.ts';
import type { Engine, Judgement } from '../../../policy/decide/engine.ts';
import { sourcesInTurn } from '../../orchestration/flow/reading.ts';
import { schedulesOf } from '../../orchestration/flow/service.ts';
import { partsOfSaved } from '../../orchestration/flow/source.ts';

/** A present flow that a policy would refuse to save. */
export interface Violation {
  readonly flow: Flow;
  readonly policy: string;
  readonly reason: string;
  readonly shadow: boolean;
}

const reasonOf = (step: Judgement): string =>
  ('reason' in step && typeof step.reason === 'string' ? step.reason : undefined) ?? 'The policy failed.';

/** Asks the policies that judge rows about these flows. Their sources are read in the caller's turn. */
export async function violationsOf(context: Context, engine: Engine, flows: readonly Flow[]): Promise<Violation[]> {
  const parts = await sourcesInTurn(
    flows.map(({ source }) => source),
    partsOfSaved,
    context,
  );
  const found: Violation[] = [];
  for (const [i, flow] of flows.entries()) {
    const decision = context.session.decide('FLOW:UPDATE', { tenantId: flow.tenantId });
    const row = { ...flow, tasks: parts[i]!.tasks, triggers: parts[i]!.triggers.map(schedulesOf) };
    for (const step of await engine.judge(decision, row as never))
      found.push({ flow, policy: step.policy, reason: reasonOf(step), shadow: step.shadow });
  }
  return found;
}
