import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { permissionFields } from '../../../graphql/permission-input.ts';
import { withProposed } from './propose.ts';
import type { CaseResult } from './suite.ts';
import { type ChangedDecision, type Ended, type Trial, tryPolicies } from './trial.ts';

const TrialAnswer = builder.enumType('TrialAnswer', {
  description: 'How a decision ends in a trial of policies.',
  values: {
    ALLOWED: { description: 'Allowed.' },
    REFUSED: { description: 'Refused.' },
    ERROR: { description: 'A policy failed, which refuses.' },
    UNKNOWN: { description: 'The record does not contain enough to decide.' },
  },
});

const TrialEnd = builder.objectRef<Ended>('TrialEnd').implement({
  description: 'The end of a decision in a trial of policies.',
  fields: (t) => ({
    answer: t.field({ type: TrialAnswer, description: 'The answer.', resolve: ({ answer }) => answer }),
    policy: t.exposeString('policy', { nullable: true, description: 'Policy that refused or failed.' }),
  }),
});

const ChangedRef = builder.objectRef<ChangedDecision>('ChangedDecision').implement({
  description: 'Recorded decisions that would end differently with the proposed policies.',
  fields: (t) => ({
    ...permissionFields<ChangedDecision>(t, ({ permission }) => permission as never),
    actorName: t.string({ description: 'Name of the caller.', resolve: ({ asker }) => asker.name }),
    tenantKey: t.exposeString('tenantKey', {
      nullable: true,
      description: 'Key of the tenant; null for the instance level and for a deleted tenant.',
    }),
    before: t.field({ type: TrialEnd, description: 'How they ended.', resolve: ({ before }) => before }),
    after: t.field({ type: TrialEnd, description: 'How they would end.', resolve: ({ after }) => after }),
    count: t.exposeInt('count', { description: 'Number of these decisions.' }),
  }),
});

const inWords = (verdict: CaseResult['expected'] | CaseResult['got']): string => {
  const { answer, policy, reason } = { policy: undefined, reason: undefined, ...verdict };
  return [answer, policy && `by ${policy}`, reason && `(${reason})`].filter(Boolean).join(' ');
};

const TestRef = builder.objectRef<CaseResult>('PolicyTestResult').implement({
  description: 'Result of a test case of policies.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the case.' }),
    passed: t.exposeBoolean('passed', { description: 'True if the answer is the expected one.' }),
    expected: t.string({ description: 'The expected answer, as text.', resolve: ({ expected }) => inWords(expected) }),
    got: t.string({ description: 'The answer, as text.', resolve: ({ got }) => inWords(got) }),
  }),
});

const maxShown = 200;

const TrialRef = builder.objectRef<Trial>('PolicyTrial').implement({
  description: 'What proposed policies would have changed, by a replay of recorded decisions.',
  fields: (t) => ({
    since: t.field({
      type: 'DateTime',
      description: 'Start of the replay. It is later than requested if there are more than 10,000 decisions.',
      resolve: ({ since }) => since,
    }),
    replayed: t.exposeInt('replayed', { description: 'Number of replayed decisions.' }),
    changed: t.field({
      type: [ChangedRef],
      description: `Decisions that would end differently, at most ${maxShown} kinds, most frequent first.`,
      resolve: ({ changed }) => changed.slice(0, maxShown),
    }),
    changedCount: t.int({
      description: 'Number of decisions that would end differently.',
      resolve: ({ changed, hidden }) => changed.reduce((sum, { count }) => sum + count, hidden),
    }),
    hiddenCount: t.int({
      description: 'Number of these in tenants whose audit log the viewer cannot read completely.',
      resolve: ({ hidden }) => hidden,
    }),
    tests: t.field({
      type: [TestRef],
      nullable: true,
      description: 'Results of the tests; null without tests.',
      resolve: ({ tests }) => (tests === null ? null : [...tests]),
    }),
  }),
});

const TrialInput = builder.inputType('PolicyTrialInput', {
  description: 'Proposed policies, and what to try them on.',
  fields: (t) => ({
    policies: t.field({
      type: 'JSON',
      required: true,
      description: 'Settings by policy name, as in setPolicyConfiguration.',
    }),
    mayGrant: t.stringList({ description: 'Policies that can grant permissions. Omit to keep the current ones.' }),
    days: t.int({ defaultValue: 7, description: 'Days of decisions to replay (1 to 90).' }),
    tests: t.string({
      description:
        'Tests in the YAML format of `gatehouse policy test`. Without `policies`, they test the proposed ones.',
    }),
  }),
});

builder.queryField('policyTrial', (t) =>
  t.field({
    type: TrialRef,
    nullable: true,
    description:
      'Tries proposed policies, and changes nothing: replays recorded decisions, and runs tests. BAD_INPUT with all faults of the policies.',
    access: 'POLICY:UPDATE',
    args: { input: t.arg({ type: TrialInput, required: true, description: 'The input.' }) },
    resolve: (_root, { input }, context) => trialOf(context, input),
  }),
);

async function trialOf(
  context: Context,
  { policies, mayGrant, days, tests }: typeof TrialInput.$inferInput,
): Promise<Trial> {
  const wanted = days ?? 7;
  if (wanted < 1 || wanted > 90) throw badInput(['input', 'days'], 'days must be 1 to 90.');
  return withProposed(context, { policies, mayGrant }, (proposed) => tryPolicies(context, proposed, wanted, tests));
}
