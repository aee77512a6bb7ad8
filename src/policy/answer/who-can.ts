import { levelOf, type Permission, split } from '../../access/catalog.ts';
import type { Row } from '../../access/grant.ts';
import { GatehouseError } from '../../errors.ts';
import type { Engine } from '../decide/engine.ts';
import { isEmpty } from '../filter/partial-match.ts';
import type { Principal } from '../principals/principal.ts';
import type { Given } from './circumstances.ts';
import { type Explanation, explain } from './explain.ts';

export interface Able {
  readonly principal: Principal;
  readonly explanation: Explanation;
}

/**
 * Returns the principals that have the permission, or may have it depending on unknown values. Principals with the same
 * access are decided once, unless a policy reads their id or name. Disabled principals have no permissions.
 * @param question `row`: the known columns of the row. Omit it to ask about any row of the tenant.
 * @throws POLICY_ERROR if a policy fails for a principal that has the permission: an incomplete list would look
 * complete.
 */
export function whoCan(
  engine: Engine,
  principals: readonly Principal[],
  question: { readonly permission: Permission; readonly tenantId: string; readonly given: Given; readonly row?: Row },
): Able[] {
  const { tenantId, permission, row, ...rest } = question;
  const ask = (principal: Principal, alike: Explanation | undefined) =>
    explain(engine, { principal, permission, scope: { tenantId }, ...rest, ...(row && { row }) }, alike);
  const answers = new Map<string, { explanation: Explanation; able: boolean }>();
  const isAble = (explanation: Explanation): boolean => {
    if (explanation.answer === 'ERROR') {
      if (explanation.origins.length === 0) return false;
      const policy = explanation.by?.policy;
      throw new GatehouseError('POLICY_ERROR', `Policy ${policy} could not decide about ${permission}.`, {
        policy: policy ?? 'unknown',
        permission,
      });
    }
    return (
      explanation.answer !== 'REFUSED' && (row !== undefined || !reachesNothing(explanation, permission, tenantId))
    );
  };
  // Principals without access to the tenant hold only permissions on themselves, which is not access to the tenant.
  const isOutsider = ({ tenants }: Principal, { origins }: Explanation): boolean =>
    tenants.size === 0 && origins.every(({ grant }) => grant === 'self');
  return principals.flatMap((principal): Able[] => {
    if (principal.disabled) return [];
    const key = likeness(principal);
    let answer = answers.get(key);
    if (!answer || answer.explanation.personal) {
      const explanation = ask(principal, answer?.explanation);
      answer = { explanation, able: isAble(explanation) && !isOutsider(principal, explanation) };
      answers.set(key, answer);
    }
    return answer.able ? [{ principal, explanation: answer.explanation }] : [];
  });
}

/** Returns true if the guards leave no namespace of those that the grants cover. */
const reachesNothing = ({ steps, where }: Explanation, permission: Permission, tenantId: string): boolean =>
  levelOf(...split(permission)) === 'namespace' &&
  steps.some((step) => step.effect === 'deny' && step.filter && !step.shadow) &&
  isEmpty(where, { tenantId });

/** Returns the same key for principals that agree in everything that decides, except their ids. */
function likeness({ kind, superAdmin, tenants, memberships, holdings }: Principal): string {
  const groups = memberships.map(({ groupId, membership }) => `${groupId} ${membership}`).sort();
  const own = holdings.filter(({ groupId }) => groupId === null).map((h) => `${h.tenantId ?? ''}/${h.namespace}`);
  return [kind, superAdmin, tenants.size, ...groups, '|', ...own.sort()].join('\n');
}
