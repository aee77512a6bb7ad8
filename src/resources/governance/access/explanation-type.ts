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
  reachTold,
  seesSettings,
} from './types.ts';

export interface Explained extends Explanation {
  readonly tenantKey: string | null;
  readonly subject: SubjectNode | null;
}

const Step = builder.objectRef<ExplainedStep & { readonly of: Explained }>('AccessStep').implement({
  description: "One policy's part in a decision.",
  fields: (t) => ({
    policy: t.exposeString('policy', { description: 'Which: a part of the engine, or a policy by its name.' }),
    mode: t.field({ type: PolicyMode, description: 'What it may do.', resolve: ({ mode }) => mode }),
    effect: t.field({
      type: builder.enumType('AccessEffect', {
        description: 'What a policy answered.',
        values: {
          allow: { value: 'allow', description: 'It gives the permission, where its filter says.' },
          deny: { value: 'deny', description: 'It refuses all but what its filter leaves.' },
          abstain: { value: 'abstain', description: 'It has nothing to say.' },
          error: { value: 'error', description: 'It could not say, which refuses.' },
          depends: { value: 'depends', description: 'It depends on what the question does not give.' },
        },
      }),
      description: 'What it answered.',
      resolve: ({ effect, open }) => (open.size > 0 ? 'depends' : effect),
    }),
    reason: t.string({
      nullable: true,
      description: 'Why.',
      resolve: ({ reason, open }) => (open.size > 0 ? null : (reason ?? null)),
    }),
    filter: t.string({
      nullable: true,
      description: 'What it gives or leaves, in words; null: all or nothing, or a setting that takes POLICY:READ.',
      resolve: ({ policy, filter, open, of: { decision } }, _args, context) => {
        if (!filter || open.size > 0 || (isPlugin(context)(policy) && !seesSettings(context))) return null;
        return inWords(filter, { tenantId: decision.scope.tenantId, principalId: decision.request.actor.id });
      },
    }),
    cause: t.string({
      nullable: true,
      description: 'What went wrong, for an error. Takes POLICY:READ.',
      resolve: ({ cause }, _args, context) => (seesSettings(context) ? (cause ?? null) : null),
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'What it looked at and the question does not give.',
      resolve: ({ open }) => circumstanceList(open),
    }),
    shadow: t.boolean({
      description: 'Is it only watched, its answer not heeded?',
      resolve: ({ shadow }) => shadow === true,
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it answers so; null: until something changes.',
      resolve: ({ until }) => until ?? null,
    }),
  }),
});

const Missing = builder.objectRef<Explained>('MissingPermission').implement({
  description: 'What would have to be given.',
  fields: (t) => ({
    ...permissionFields<Explained>(t, ({ decision }) => decision.permission),
    tenant: t.string({
      nullable: true,
      description: 'By a binding in the tenant of this key; null: by an instance binding.',
      resolve: (explained) => placeOf(explained).tenant,
    }),
    namespace: t.string({
      nullable: true,
      description: 'By a binding for this namespace, one above it or the whole tenant; null: for the whole tenant.',
      resolve: (explained) => placeOf(explained).namespace,
    }),
  }),
});

function placeOf({ decision, tenantKey, row }: Explained): { tenant: string | null; namespace: string | null } {
  const level = levelOf(...split(decision.permission));
  const namespace = level === 'namespace' ? (row?.['namespace'] as string | undefined) : undefined;
  return { tenant: level === 'instance' ? null : tenantKey, namespace: namespace || null };
}

const Review = builder.objectRef<LoadedPolicy>('AccessReview').implement({
  description: 'A policy that looks at the change itself.',
  fields: (t) => ({
    policy: t.exposeString('name', { description: 'Its name.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
  }),
});

export const AccessExplanation = builder.objectRef<Explained>('AccessExplanation').implement({
  description: 'What the engine answers to somebody, and how it came about.',
  fields: (t) => ({
    answer: t.field({ type: AccessAnswer, description: 'The answer.', resolve: ({ answer }) => answer }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'Whom it is about; null where the viewer may not read themselves.',
      resolve: ({ subject }) => subject as never,
    }),
    policy: t.string({
      nullable: true,
      description: 'Who refused, or could not say: roles where nothing gives it, else a policy.',
      resolve: ({ by }) => by?.policy ?? null,
    }),
    reason: t.string({ nullable: true, description: 'Why it is refused.', resolve: ({ by }) => by?.reason ?? null }),
    reach: t.string({
      nullable: true,
      description: 'What is within reach, in words; null where nothing is.',
      resolve: (explained, _args, context) =>
        explained.answer === 'ALLOWED' || explained.answer === 'DEPENDS' ? reachTold(context, explained) : null,
    }),
    dependsOn: t.field({
      type: [CircumstanceEnum],
      description: 'What decides and the question does not give.',
      resolve: ({ dependsOn }) => circumstanceList(dependsOn),
    }),
    origins: t.field({
      type: [AccessOrigin],
      description: 'Every way in which it is given, refused by a policy or not.',
      resolve: ({ origins }) => [...origins],
    }),
    steps: t.field({
      type: [Step],
      description: 'What each policy answered. Policies that say nothing are told to who has POLICY:READ.',
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
      description: 'What would have to be given; null unless it is refused because nothing gives it.',
      resolve: (explained) => (explained.answer === 'REFUSED' && explained.by?.policy === 'roles' ? explained : null),
    }),
    reviews: t.field({
      type: [Review],
      description: 'Policies that look at the change itself and may still refuse it.',
      resolve: ({ reviews }) => [...reviews],
    }),
  }),
});
