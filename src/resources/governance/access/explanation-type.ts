import { levelOf, split } from '../../../access/catalog.ts';
import { builder } from '../../../graphql/builder.ts';
import { permissionFields } from '../../../graphql/permission-input.ts';
import { PolicyMode } from '../../../graphql/policy-mode.ts';
import type { SubjectNode } from '../../../graphql/readable-principals.ts';
import type { ExplainedStep, Explanation } from '../../../policy/answer/explain.ts';
import { inWords } from '../../../policy/filter/in-words.ts';
import type { LoadedPolicy } from '../../../policy/load/load.ts';
import { Subject } from '../../identity/subject-type.ts';
import {
  AccessAnswer,
  AccessOrigin,
  CircumstanceEnum,
  circumstanceList,
  isPlugin,
  reachText,
  seesSettings,
} from './types.ts';

export interface Explained extends Explanation {
  readonly tenantKey: string | null;
  readonly subject: SubjectNode | null;
}

const Step = builder.objectRef<ExplainedStep & { readonly of: Explained }>('AccessStep').implement({
  description: 'Step of one policy in a decision.',
  fields: (t) => ({
    policy: t.exposeString('policy', { description: 'Name of the policy, or of the part of the engine.' }),
    mode: t.field({ type: PolicyMode, description: 'What the policy can do.', resolve: ({ mode }) => mode }),
    effect: t.field({
      type: builder.enumType('AccessEffect', {
        description: 'Effect of a policy.',
        values: {
          ALLOW: { value: 'allow', description: 'Grants the permission, within the filter.' },
          DENY: { value: 'deny', description: 'Refuses, except within the filter.' },
          ABSTAIN: { value: 'abstain', description: 'Has no effect.' },
          ERROR: { value: 'error', description: 'Failed, which refuses.' },
          DEPENDS: { value: 'depends', description: 'Depends on facts that the question omits.' },
        },
      }),
      description: 'Effect of the policy.',
      resolve: ({ effect, open }) => (open.size > 0 ? 'depends' : effect),
    }),
    reason: t.string({
      nullable: true,
      description: 'Why.',
      resolve: ({ reason, open }) => (open.size > 0 ? null : (reason ?? null)),
    }),
    filter: t.string({
      nullable: true,
      description:
        'Granted or exempt rows, as text. Null if all or none, or if it needs a setting and the viewer lacks POLICY:READ.',
      resolve: ({ policy, filter, open, of: { decision } }, _args, context) => {
        if (!filter || open.size > 0 || (isPlugin(context)(policy) && !seesSettings(context))) return null;
        return inWords(filter, { tenantId: decision.scope.tenantId, principalId: decision.request.actor.id });
      },
    }),
    cause: t.string({
      nullable: true,
      description: 'Cause of an error. Requires POLICY:READ.',
      resolve: ({ cause }, _args, context) => (seesSettings(context) ? (cause ?? null) : null),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'Omitted facts that the policy uses.',
      resolve: ({ open }) => circumstanceList(open),
    }),
    shadow: t.boolean({
      description: 'True in shadow mode: the effect is recorded and ignored.',
      resolve: ({ shadow }) => shadow === true,
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the effect can next change by time alone; null if never.',
      resolve: ({ until }) => until ?? null,
    }),
  }),
});

const Missing = builder.objectRef<Explained>('MissingPermission').implement({
  description: 'A place in which a binding would grant the permission.',
  fields: (t) => ({
    ...permissionFields<Explained>(t, ({ decision }) => decision.permission),
    tenantKey: t.string({
      nullable: true,
      description: 'Key of the tenant of the binding; null for an instance binding.',
      resolve: (explained) => placeOf(explained).tenantKey,
    }),
    namespaceName: t.string({
      nullable: true,
      description: 'Namespace of the binding, or one above it or the whole tenant; null for the whole tenant.',
      resolve: (explained) => placeOf(explained).namespaceName,
    }),
  }),
});

function placeOf({ decision, tenantKey, row }: Explained): { tenantKey: string | null; namespaceName: string | null } {
  const level = levelOf(...split(decision.permission));
  const namespace = level === 'namespace' ? (row?.['namespace'] as string | undefined) : undefined;
  return { tenantKey: level === 'instance' ? null : tenantKey, namespaceName: namespace || null };
}

const Review = builder.objectRef<LoadedPolicy>('AccessReview').implement({
  description: 'A policy that reviews changes.',
  fields: (t) => ({
    policy: t.exposeString('name', { description: 'Name of the policy.' }),
    description: t.exposeString('description', { description: 'The description.' }),
  }),
});

export const AccessExplanation = builder.objectRef<Explained>('AccessExplanation').implement({
  description: 'An access decision and its reasons.',
  fields: (t) => ({
    answer: t.field({ type: AccessAnswer, description: 'The answer.', resolve: ({ answer }) => answer }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'Subject of the question; null if it is the viewer and cannot read itself.',
      resolve: ({ subject }) => subject as never,
    }),
    policy: t.string({
      nullable: true,
      description: 'Policy or part of the engine that refused or failed: roles if nothing grants the permission.',
      resolve: ({ by }) => by?.policy ?? null,
    }),
    reason: t.string({
      nullable: true,
      description: 'Reason of the refusal.',
      resolve: ({ by }) => by?.reason ?? null,
    }),
    reach: t.string({
      nullable: true,
      description: 'Scope of the permission, as text; null if nothing is granted.',
      resolve: (explained, _args, context) =>
        explained.answer === 'ALLOWED' || explained.answer === 'DEPENDS' ? reachText(context, explained) : null,
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'Omitted facts that decide the answer.',
      resolve: ({ dependsOn }) => circumstanceList(dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'All grants of the permission, including those that a policy refuses.',
      resolve: ({ origins }) => [...origins],
    }),
    steps: t.field({
      type: [Step],
      description: 'Steps of all policies. Steps without effect are returned only to viewers with POLICY:READ.',
      resolve: (explained, _args, context) => {
        const all = explained.steps.map((step) => ({ ...step, of: explained }));
        if (seesSettings(context)) return all;
        const plugin = isPlugin(context);
        return all.filter(
          ({ policy, shadow, effect, open }) => !plugin(policy) || (!shadow && (effect !== 'abstain' || open.size > 0)),
        );
      },
    }),
    missing: t.field({
      type: Missing,
      nullable: true,
      description: 'Bindings that would grant the permission. Null unless it is refused because nothing grants it.',
      resolve: (explained) => (explained.answer === 'REFUSED' && explained.by?.policy === 'roles' ? explained : null),
    }),
    reviews: t.field({
      type: [Review],
      description: 'Policies that review the change and can still refuse it.',
      resolve: ({ reviews }) => [...reviews],
    }),
  }),
});
