import { Suspense, useDeferredValue, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { RunFlowQuery } from '../../generated/RunFlowQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Choice } from '../../ui/Choice.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { RunDialog } from '../../ui/executions/RunDialog.tsx';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';

const query = graphql`
  query RunFlowQuery($tenant: String!, $where: FlowWhere) {
    tenant(key: $tenant) {
      flows(first: 20, where: $where) {
        nodes {
          id
          flowId
          namespaceName
          inputs
        }
      }
    }
  }
`;

type Flow = NonNullable<NonNullable<RunFlowQuery['response']['tenant']>['flows']>['nodes'][number];

/** Starts an execution of a flow, which is chosen by a few letters. */
export function RunFlow({ tenant }: { tenant: string }) {
  const [step, setStep] = useState<'choose' | Flow>();
  const close = () => setStep(undefined);
  return (
    <>
      <ActionButton
        permission={needs.createExecution}
        icon="play"
        className="primary"
        onPress={() => setStep('choose')}
      >
        Run a flow
      </ActionButton>
      {step === 'choose' && (
        <Dialog title="Run a flow" close={close} isLight>
          <FaultBoundary>
            <Suspense fallback={<p className="quiet">Loading…</p>}>
              <Flows tenant={tenant} choose={setStep} />
            </Suspense>
          </FaultBoundary>
        </Dialog>
      )}
      {step !== undefined && step !== 'choose' && <RunDialog tenant={tenant} flow={step} close={close} />}
    </>
  );
}

function Flows({ tenant: key, choose }: { tenant: string; choose: (flow: Flow) => void }) {
  const [typed, setTyped] = useState('');
  const text = useDeferredValue(typed);
  const { tenant } = useAnswer<RunFlowQuery>(query, { tenant: key, where: text ? { text } : null });
  const flows = tenant?.flows?.nodes ?? [];
  return (
    <div className="field">
      <label htmlFor="run-flow">Flow</label>
      <Choice
        id="run-flow"
        label="Flow"
        placeholder="A few letters of its name"
        options={flows.map(({ id, flowId, namespaceName }) => ({ id, title: flowId, detail: namespaceName }))}
        value={undefined}
        search={setTyped}
        choose={(id) => {
          const flow = flows.find((one) => one.id === id);
          if (flow) choose(flow);
        }}
      />
    </div>
  );
}
