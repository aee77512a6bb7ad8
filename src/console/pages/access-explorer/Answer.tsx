import { graphql } from 'react-relay/hooks';
import type { AnswerQuery } from '../../generated/AnswerQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import type { IconName } from '../../ui/drawings.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Time } from '../../ui/Time.tsx';
import { type Asked, permissionOf } from './question.ts';
import { Ways } from './Ways.tsx';
import { WhoElse } from './WhoElse.tsx';

const query = graphql`
  query AnswerQuery($input: ExplainAccessInput!) {
    explainAccess(input: $input) {
      answer
      reason
      policy
      reach
      dependsOn
      subject {
        ...Subject_subject
      }
      missing {
        resource
        action
        namespaceName
      }
      reviews {
        policy
        description
      }
      steps {
        policy
        effect
        mode
        reason
        filter
        shadow
        until
      }
      ...Ways_explanation
    }
  }
`;

type Explanation = NonNullable<AnswerQuery['response']['explainAccess']>;

const answers: Readonly<Record<string, { readonly word: string; readonly icon: IconName; readonly family: string }>> = {
  ALLOWED: { word: 'Yes', icon: 'check', family: 'ok' },
  REFUSED: { word: 'No', icon: 'x', family: 'fail' },
  DEPENDS: { word: 'It depends', icon: 'why', family: 'warn' },
  ERROR: { word: 'No: a policy failed', icon: 'alert', family: 'fail' },
};

const verbs: Readonly<Record<string, string>> = { ALLOWED: 'has', DEPENDS: 'may have' };

/** The answer first, then the ways, then what each policy said. */
export function Answer({ tenant, question }: { tenant: string; question: Asked }) {
  const { who, may, namespace, at } = question;
  const { explainAccess: explanation } = useAnswer<AnswerQuery>(query, {
    input: {
      tenantKey: tenant,
      subject: who,
      permission: permissionOf(may),
      namespaceName: namespace ?? null,
      ...(at !== undefined && { at: new Date(at).toISOString() }),
    },
  });
  if (!explanation) return <Empty icon="why" title="You do not have permission to ask this" />;
  return (
    <div className="body">
      <Verdict explanation={explanation} question={question} />
      <Ways explanation={explanation} />
      <Steps steps={explanation.steps} />
      <WhoElse tenant={tenant} question={question} />
    </div>
  );
}

function Verdict({ explanation, question }: { explanation: Explanation; question: Asked }) {
  const { word, icon, family } = answers[explanation.answer] ?? answers['ERROR']!;
  const { subject, reason, policy, missing, dependsOn, reviews } = explanation;
  return (
    <div className="answer" role="status">
      <span className={`seal ${family}`}>
        <Icon name={icon} />
      </span>
      <div>
        <h2>
          {word}: <Subject subject={subject} /> {verbs[explanation.answer] ?? 'does not have'}{' '}
          <code>{question.may}</code> in {question.namespace ?? 'the whole tenant'}
        </h2>
        {reason && (
          <p>
            {policy && <b>{policy}: </b>}
            {reason}
          </p>
        )}
        {missing && (
          <p>
            A binding of a role with{' '}
            <code>
              {missing.resource}:{missing.action}
            </code>{' '}
            in {missing.namespaceName ?? 'the whole tenant'}, or above it, would give it.
          </p>
        )}
        {dependsOn.length > 0 && (
          <p>It depends on: {dependsOn.map((one) => one.toLowerCase().replaceAll('_', ' ')).join(', ')}.</p>
        )}
        {reviews.map((review) => (
          <p key={review.policy}>
            <b>{review.policy}</b> looks at each change: {review.description}
          </p>
        ))}
      </div>
    </div>
  );
}

const effects: Readonly<Record<string, { readonly title: string; readonly icon: IconName; readonly family: string }>> =
  {
    ALLOW: { title: 'Allows', icon: 'st-success', family: 'ok' },
    DENY: { title: 'Refuses', icon: 'refuse', family: 'fail' },
    ABSTAIN: { title: 'Silent', icon: 'st-skipped', family: 'idle' },
    ERROR: { title: 'Failed', icon: 'st-warning', family: 'warn' },
  };

function Steps({ steps }: { steps: Explanation['steps'] }) {
  return (
    <section className="gap" aria-label="What each policy said">
      <div className="section">
        <h2>What each policy said</h2>
        <span className="quiet">in order</span>
      </div>
      <div className="card flat">
        <table className="data steps">
          <caption className="sr">What each policy said</caption>
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col">Answer</th>
              <th scope="col">In words</th>
            </tr>
          </thead>
          <tbody>
            {steps.map(({ policy, effect, reason, filter, shadow, until }) => {
              const { title, icon, family } = effects[effect] ?? {
                title: effect,
                icon: 'why' as const,
                family: 'idle',
              };
              return (
                <tr key={policy}>
                  <td className="main-cell">
                    {policy} {shadow && <span className="badge">shadow</span>}
                  </td>
                  <td>
                    <span className={`state ${family}`}>
                      <Icon name={icon} />
                      {title}
                    </span>
                  </td>
                  <td className="wrap">
                    {[reason, filter].filter(Boolean).join(' ')}
                    {until && (
                      <span className="quiet">
                        {' '}
                        until <Time at={until} />
                      </span>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
