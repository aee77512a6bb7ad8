import { useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import type { ProposalSaveMutation } from '../../generated/ProposalSaveMutation.graphql.ts';
import type { ProposalTrialQuery } from '../../generated/ProposalTrialQuery.graphql.ts';
import { ask } from '../../relay/ask.ts';
import { type Fault, faultsIn } from '../../relay/fault.ts';
import { Faults } from '../../ui/Faults.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { toast } from '../../ui/toast.ts';
import { TrialResult } from './TrialResult.tsx';

const trialQuery = graphql`
  query ProposalTrialQuery($input: PolicyTrialInput!) {
    policyTrial(input: $input) {
      ...TrialResult_trial
    }
  }
`;

const save = graphql`
  mutation ProposalSaveMutation($input: SetPolicyConfigurationInput!) {
    setPolicyConfiguration(input: $input) {
      policies {
        name
      }
    }
  }
`;

export interface ProposalProps {
  readonly policies: object;
  readonly mayGrant: readonly string[];
  readonly discard: () => void;
}

type Trial = NonNullable<ProposalTrialQuery['response']['policyTrial']>;

const example = `now: 2026-06-01T12:00:00Z
tenants:
  - { key: main, users: [ann], bindings: [{ user: ann, role: Editor }] }
cases:
  - { as: ann, permission: FLOW:UPDATE, tenant: main, namespace: company.data, expect: ALLOW }
`;

/** What the proposed settings would have changed, their tests, and then the step to put them in force. */
export function Proposal({ policies, mayGrant, discard }: ProposalProps) {
  const environment = useRelayEnvironment();
  const [days, setDays] = useState(7);
  const [tests, setTests] = useState('');
  const [hasTests, setHasTests] = useState(false);
  const [tried, setTried] = useState<{
    readonly of: string;
    readonly trial?: Trial;
    readonly faults: readonly Fault[];
  }>();
  const [isBusy, setIsBusy] = useState(false);
  const asked = JSON.stringify({ policies, mayGrant, days, tests });
  const attempt = async () => {
    setIsBusy(true);
    const input = { policies, mayGrant, days, ...(hasTests && tests.trim() !== '' && { tests }) };
    try {
      const answer = await ask<ProposalTrialQuery>(environment, trialQuery, { input });
      setTried({ of: asked, faults: [], ...(answer?.policyTrial && { trial: answer.policyTrial }) });
    } catch (error) {
      setTried({ of: asked, faults: faultsIn(error) });
    }
    setIsBusy(false);
  };
  const isCurrent = tried?.of === asked;
  return (
    <aside className="panel" aria-label="Try it before it is in force">
      <div className="panel-head">
        <h2 className="grow">Try it before it is in force</h2>
        <span className="badge run">Changes nothing</span>
      </div>
      <div className="panel-body">
        <div className="field">
          <label htmlFor="trial-days">Replay the decisions of the last days</label>
          <span className="select">
            <select
              id="trial-days"
              className="input"
              value={days}
              onChange={({ target }) => setDays(Number(target.value))}
            >
              {[1, 7, 30, 90].map((one) => (
                <option key={one} value={one}>
                  {one === 1 ? '1 day' : `${one} days`}
                </option>
              ))}
            </select>
            <Icon name="down" />
          </span>
        </div>
        <label className="check">
          <input type="checkbox" checked={hasTests} onChange={({ target }) => setHasTests(target.checked)} />
          <span>Run tests too</span>
        </label>
        {hasTests && (
          <div className="field">
            <label htmlFor="trial-tests">Tests, as for the command policy test</label>
            <textarea
              id="trial-tests"
              className="input mono"
              rows={8}
              value={tests}
              placeholder={example}
              spellCheck={false}
              onChange={({ target }) => setTests(target.value)}
            />
          </div>
        )}
        <div className="row">
          <button type="button" className="btn" disabled={isBusy} onClick={() => void attempt()}>
            {isBusy ? 'Replaying…' : 'Try'}
          </button>
          {tried && !isCurrent && <span className="quiet">Changed since the last try.</span>}
        </div>
        <div role="status">
          {isCurrent && tried.trial && <TrialResult trial={tried.trial} />}
          {isCurrent && <Faults faults={tried.faults} />}
        </div>
        <ActForm<ProposalSaveMutation>
          mutation={save}
          submit="Put in force"
          inputOf={() => ({ policies, mayGrant })}
          done={() => {
            toast('Policies are in force', 'On every gateway, within a second.');
          }}
          cancel={discard}
          cancelTitle="Discard"
        />
      </div>
    </aside>
  );
}
