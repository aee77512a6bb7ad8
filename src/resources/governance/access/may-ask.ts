import type { Permission } from '../../../access/catalog.ts';
import { notFound } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { decodeId } from '../../../graphql/node.ts';
import { reachOfPrincipals, subjectNodes } from '../../../graphql/readable-principals.ts';
import type { Scope } from '../../../policy/decide/decision.ts';
import { refusal } from '../../../policy/decide/decision.ts';
import { reaches } from '../../../policy/filter/partial-match.ts';
import { loadPrincipal, type Principal } from '../../../policy/principals/principal.ts';

const needed: readonly Permission[] = ['TENANT_ACCESS:READ', 'ROLE:READ', 'BINDING:READ'];

/**
 * A question about others reveals bindings, roles and access, so it requires the permissions to read them in all
 * of the tenant.
 * @param more additional required permissions.
 * @throws FORBIDDEN with the first missing permission.
 */
export function assertMayAskAboutOthers({ session }: Context, scope: Scope, more: readonly Permission[] = []): void {
  const all = [...(scope.tenantId === undefined ? (['USER:READ', ...needed.slice(1)] as const) : needed), ...more];
  for (const permission of all) {
    const { where } = session.grant(permission, scope);
    const decision = session.decide(permission, scope);
    const { tenantId } = scope;
    if (reaches(where, tenantId === undefined ? {} : { tenantId }) === 'yes') continue;
    const reason =
      tenantId === undefined ? 'it is required for the whole instance' : 'it is required in the whole tenant';
    throw refusal(decision, { policy: 'roles', effect: 'deny', reason });
  }
}

/**
 * The user or service account of a question. Defaults to the viewer.
 * @throws FORBIDDEN. NOT_FOUND for an unreadable subject, as for an unknown ID.
 */
export async function askedAbout(
  context: Context,
  subject: string | number | null | undefined,
  scope: Scope,
  path: readonly (string | number)[],
): Promise<Principal> {
  const { session, db } = context;
  if (subject == null) return session.principal;
  const { typename, id } = decodeId(String(subject), ['User', 'ServiceAccount'], path);
  const own = session.principal.kind === 'USER' ? 'User' : 'ServiceAccount';
  if (id === session.principal.id && typename === own) return session.principal;
  assertMayAskAboutOthers(context, scope);
  const reach = reachOfPrincipals(session, scope.tenantId === undefined ? [] : [scope]);
  const known = (await subjectNodes(db, [id], reach)).get(id)?.__typename === typename;
  // Always read, so that timing does not reveal whether the ID exists.
  const principal = await loadPrincipal(db, id);
  if (!known || !principal) throw notFound('The subject');
  return principal;
}
