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
 * Of these, all who may do it, or may depending on what is not given. Those who are alike in all that decides are
 * decided about once, unless a policy looks at who it is. Who is disabled can do nothing.
 * @param row what is known of the row; left out: somewhere in the tenant.
 * @throws POLICY_ERROR where a policy could not say about somebody to whom it is given: a shorter list would be told as
 * the truth.
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
  // What is their own is elsewhere, for who has no access to the tenant.
  const isStranger = ({ tenants }: Principal, { origins }: Explanation): boolean =>
    tenants.size === 0 && origins.every(({ grant }) => grant === 'self');
  return principals.flatMap((principal): Able[] => {
    if (principal.disabled) return [];
    const key = likeness(principal);
    let answer = answers.get(key);
    if (!answer || answer.explanation.personal) {
      const explanation = ask(principal, answer?.explanation);
      answer = { explanation, able: isAble(explanation) && !isStranger(principal, explanation) };
      answers.set(key, answer);
    }
    return answer.able ? [{ principal, explanation: answer.explanation }] : [];
  });
}

/** Does what the guards leave have no namespace in common with what is given? */
const reachesNothing = ({ steps, where }: Explanation, permission: Permission, tenantId: string): boolean =>
  levelOf(...split(permission)) === 'namespace' &&
  steps.some((step) => step.effect === 'deny' && step.filter && !step.shadow) &&
  isEmpty(where, { tenantId });

/** The same text for those who are alike in all that decides but their ids. */
function likeness({ kind, superAdmin, tenants, memberships, holdings }: Principal): string {
  const groups = memberships.map(({ groupId, membership }) => `${groupId} ${membership}`).sort();
  const own = holdings.filter(({ groupId }) => groupId === null).map((h) => `${h.tenantId ?? ''}/${h.namespace}`);
  return [kind, superAdmin, tenants.size, ...groups, '|', ...own.sort()].join('\n');
}
