import { type Permission, split } from '../../../access/catalog.ts';
import type { Context } from '../../../graphql/context.ts';
import { reachOfPrincipals, readableIds } from '../../../graphql/readable-principals.ts';
import { compareBytes } from '../../../lib/text.ts';
import { type Able, whoCan } from '../../../policy/answer/who-can.ts';
import { engineWithoutPolicies, pastCandidates } from '../../../policy/past/past-access.ts';
import { candidates } from '../../../policy/principals/candidates.ts';
import { assertMayAskAboutOthers } from './may-ask.ts';
import { askedPast, visiblePast } from './past.ts';

export interface WhoQuestion {
  readonly tenantId: string;
  readonly permission: Permission;
  /** If absent, anywhere in the tenant. */
  readonly namespace: string | undefined;
}

/** A subject that no longer has access, by its name at that time. */
export interface FormerAble extends Able {
  /** Name in audit events. */
  readonly name: string;
}

export interface WhoAnswer {
  /** Subjects that the viewer can read, in the order of IDs, which is that of creation. */
  readonly shown: readonly Able[];
  readonly former: readonly FormerAble[];
  /** Number of further subjects. */
  readonly hidden: number;
  readonly policySet: string | null;
}

const byId = (a: Able, b: Able): number => compareBytes(a.principal.id, b.principal.id);
const questionOf = ({ tenantId, permission, namespace }: WhoQuestion, now: Date) => ({
  permission,
  tenantId,
  given: { now },
  ...(namespace !== undefined && { row: { tenantId, namespace } }),
});

/** Subjects with the permission now. @throws FORBIDDEN */
export async function ableNow(context: Context, question: WhoQuestion): Promise<WhoAnswer> {
  const { tenantId, permission } = question;
  assertMayAskAboutOthers(context, { tenantId });
  const [resource, action] = split(permission);
  const all = context.engine.set.policies.some(
    (policy) => policy.mode === 'grant' && policy.resources.has(resource) && policy.actions.has(action),
  );
  const found = await candidates(context.db, { tenantId, permission, all });
  const able = whoCan(context.engine, found, questionOf(question, new Date()));
  const readable = await readableIds(context.db, reachOfPrincipals(context.session, [{ tenantId }]));
  const shown = able.filter(({ principal }) => readable.has(principal.id)).sort(byId);
  return { shown, former: [], hidden: able.length - shown.length, policySet: null };
}

/** Subjects with the permission at a past time. @throws FORBIDDEN, BAD_INPUT, EXPIRED */
export async function ableThen(context: Context, question: WhoQuestion, at: Date): Promise<WhoAnswer> {
  const { tenantId, permission, namespace } = question;
  const past = await askedPast(context, tenantId, at);
  const able = whoCan(
    engineWithoutPolicies,
    pastCandidates(past, permission, namespace),
    questionOf(question, at),
  ).sort(byId);
  const { readable, nameOf } = await visiblePast(context, tenantId);
  const shown = able.filter(({ principal }) => readable.has(principal.id));
  const former = able.flatMap((one) => {
    const name = nameOf(past.principals.get(one.principal.id)!);
    return name === undefined ? [] : [{ ...one, name }];
  });
  return { shown, former, hidden: able.length - shown.length - former.length, policySet: past.policySet };
}
