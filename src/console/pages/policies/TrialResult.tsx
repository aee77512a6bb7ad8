import { graphql, useFragment } from 'react-relay/hooks';
import type { TrialResult_trial$data, TrialResult_trial$key } from '../../generated/TrialResult_trial.graphql.ts';
import { Icon } from '../../ui/Icon.tsx';
import { Time } from '../../ui/Time.tsx';

const fragment = graphql`
  fragment TrialResult_trial on PolicyTrial {
    since
    replayed
    changedCount
    hiddenCount
    changed {
      actorName
      resource
      action
      tenantKey
      count
      before {
        answer
        policy
      }
      after {
        answer
        policy
      }
    }
    tests {
      name
      passed
      expected
      got
    }
  }
`;

type End = TrialResult_trial$data['changed'][number]['before'];
const words: Readonly<Record<string, string>> = {
  ALLOWED: 'allowed',
  REFUSED: 'refused',
  ERROR: 'failed',
  UNKNOWN: 'cannot be known',
};
const inWords = ({ answer, policy }: End): string => `${words[answer] ?? answer}${policy ? ` by ${policy}` : ''}`;

/** The decisions that would end differently, and the tests. */
export function TrialResult({ trial: key }: { trial: TrialResult_trial$key }) {
  const { since, replayed, changedCount, hiddenCount, changed, tests } = useFragment(fragment, key);
  const passed = tests?.filter((one) => one.passed).length ?? 0;
  return (
    <div className="stack">
      <div className="tally two-parts">
        <div>
          <b>{replayed.toLocaleString()}</b>
          <span>
            decisions since <Time at={since} />
          </span>
        </div>
        <div className={changedCount > 0 ? 'hot' : ''}>
          <b>{changedCount.toLocaleString()}</b>
          <span>would end differently</span>
        </div>
      </div>
      {changed.length > 0 && (
        <ul className="impact" aria-label="Decisions that would end differently">
          {changed.map((one) => (
            <li
              key={`${one.actorName} ${one.resource} ${one.action} ${one.tenantKey} ${inWords(one.before)} ${inWords(one.after)}`}
            >
              <div className="line">
                <b>{one.count.toLocaleString()} ×</b> {one.actorName}{' '}
                <code>
                  {one.resource}:{one.action}
                </code>{' '}
                <span className="quiet">in {one.tenantKey ?? 'the instance'}</span>
              </div>
              <p className="quiet">
                {inWords(one.before)} →{' '}
                <b className={one.after.answer === 'ALLOWED' ? 'warn' : 'fail'}>{inWords(one.after)}</b>
              </p>
            </li>
          ))}
        </ul>
      )}
      {hiddenCount > 0 && (
        <p className="quiet">{hiddenCount} of them in tenants whose audit log you are not allowed to see.</p>
      )}
      {tests && (
        <section aria-label="Tests">
          <div className="section">
            <h2>Tests</h2>
            <span className={passed === tests.length ? 'badge ok' : 'badge fail'}>
              {passed} of {tests.length} as expected
            </span>
          </div>
          <ul className="impact">
            {tests.map((one) => (
              <li key={one.name}>
                <span className={`state ${one.passed ? 'ok' : 'fail'}`}>
                  <Icon name={one.passed ? 'st-success' : 'st-failed'} />
                  {one.name}
                </span>
                {!one.passed && (
                  <p className="quiet">
                    expected {one.expected}, got {one.got}
                  </p>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
