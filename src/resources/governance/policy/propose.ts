import type { PolicyConfiguration } from '../../../config.ts';
import type { Context } from '../../../graphql/context.ts';
import type { PreparedPolicies } from '../../../policy/load/live-policies.ts';
import { configurationOf, mayNameOf, withIssues } from './configure.ts';
import { storedConfiguration } from './service.ts';

/**
 * Does some work with proposed policies, which are not put in force. The caller has POLICY:UPDATE.
 * @throws BAD_INPUT with all faults of the policies.
 */
export async function withProposed<Result>(
  { db, session, policies: live }: Context,
  { policies, mayGrant }: { readonly policies: unknown; readonly mayGrant?: readonly string[] | null | undefined },
  work: (proposed: PreparedPolicies) => Promise<Result>,
): Promise<Result> {
  const current: PolicyConfiguration = (await storedConfiguration(db)) ?? live.configuration;
  const configuration = configurationOf({ policies, mayGrant: mayGrant ?? current.mayGrant });
  const mayName = session.principal.superAdmin ? undefined : mayNameOf(session, live);
  const proposed = await withIssues(() => live.propose(configuration, mayName));
  try {
    return await work(proposed);
  } finally {
    await live.discard(proposed.set);
  }
}
