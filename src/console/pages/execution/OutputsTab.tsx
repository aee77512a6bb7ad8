import { type FormEvent, Suspense, useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import type { OutputsTabQuery } from '../../generated/OutputsTabQuery.graphql.ts';
import type { OutputsTabRenderQuery } from '../../generated/OutputsTabRenderQuery.graphql.ts';
import { ask } from '../../relay/ask.ts';
import { type Fault, faultsIn } from '../../relay/fault.ts';
import { useAnswer } from '../../relay/query.ts';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Faults } from '../../ui/Faults.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Json } from '../../ui/Json.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import type { ShownExecution } from './Execution.tsx';

const query = graphql`
  query OutputsTabQuery($execution: ID!) {
    node(id: $execution) {
      ... on Execution {
        outputs
        taskRuns(first: 100) {
          nodes {
            id
            taskId
            value
            state
            outputs
          }
          pageInfo {
            hasNextPage
          }
        }
      }
    }
  }
`;

const render = graphql`
  query OutputsTabRenderQuery($execution: ID!, $taskRun: ID, $expression: String!) {
    renderExpression(execution: $execution, taskRun: $taskRun, expression: $expression) {
      text
      fault {
        line
        column
        message
      }
    }
  }
`;

/** What the tasks and the execution returned, and a place to try expressions on it. */
export function OutputsTab({ execution }: { execution: ShownExecution }) {
  return (
    <Suspense fallback={<Skeleton />}>
      <Loaded execution={execution} />
    </Suspense>
  );
}

interface Chosen {
  readonly path: string;
  readonly value: unknown;
}

const isFilled = (value: unknown): boolean => Object.keys((value ?? {}) as object).length > 0;

function Loaded({ execution }: { execution: ShownExecution }) {
  const { node } = useAnswer<OutputsTabQuery>(query, { execution: execution.id });
  const [chosen, setChosen] = useState<Chosen>();
  const runs = (node?.taskRuns?.nodes ?? []).filter(({ outputs }) => isFilled(outputs));
  const choose = (prefix: string) => (path: string, value: unknown) =>
    setChosen({ path: path.startsWith('[') ? `${prefix}${path}` : `${prefix}.${path}`, value });
  return (
    <div className="body two">
      <div className="stack">
        {isFilled(node?.outputs) && (
          <section aria-label="Outputs of the execution">
            <div className="section">
              <h2>Outputs of the execution</h2>
            </div>
            <div className="card pad">
              <Json value={node?.outputs} label="Outputs of the execution" />
            </div>
          </section>
        )}
        {runs.map(({ id, taskId, value, state, outputs }) => (
          <section key={id} aria-label={`Outputs of ${taskId}`}>
            <div className="section">
              <h2>{taskId}</h2>
              {value != null && <span className="badge">{value}</span>}
              <StateBadge state={state} isShort />
            </div>
            <div className="card pad">
              <Json
                value={outputs}
                label={`Outputs of ${taskId}`}
                choose={choose(value == null ? `outputs.${taskId}` : `outputs.${taskId}['${value}']`)}
              />
            </div>
          </section>
        ))}
        {runs.length === 0 && !isFilled(node?.outputs) && (
          <Empty icon="flow" title="No outputs">
            <p>A task returns outputs for the tasks after it. None of this execution has.</p>
          </Empty>
        )}
        {node?.taskRuns?.pageInfo.hasNextPage && (
          <p className="quiet">Only the first 100 task runs are shown. The Gantt shows those of each task run.</p>
        )}
      </div>
      <div className="stack">
        <Debug execution={execution.id} chosen={chosen} />
      </div>
    </div>
  );
}

type Rendered = NonNullable<OutputsTabRenderQuery['response']['renderExpression']>;

function Debug({ execution, chosen }: { execution: string; chosen: Chosen | undefined }) {
  const environment = useRelayEnvironment();
  const [rendered, setRendered] = useState<Rendered>();
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const expression = String(new FormData(event.currentTarget).get('expression') ?? '');
    setFaults([]);
    try {
      const answer = await ask<OutputsTabRenderQuery>(environment, render, { execution, expression, taskRun: null });
      setRendered(answer?.renderExpression ?? undefined);
    } catch (error) {
      setRendered(undefined);
      setFaults(faultsIn(error));
    }
  };
  return (
    <>
      {chosen && (
        <section aria-label="Preview">
          <div className="section">
            <h2>Preview</h2>
            <code className="cut">{chosen.path}</code>
            <CopyButton text={`{{ ${chosen.path} }}`} label="Copy the expression" />
          </div>
          <pre className="diff preview">
            {typeof chosen.value === 'string' ? chosen.value : JSON.stringify(chosen.value, null, 2)}
          </pre>
        </section>
      )}
      <section aria-label="Debug an expression">
        <div className="section">
          <h2>Debug an expression</h2>
        </div>
        <form className="form" onSubmit={(event) => void submit(event)}>
          <TextField
            key={chosen?.path}
            name="expression"
            label="Expression"
            rows={3}
            value={chosen ? `{{ ${chosen.path} }}` : undefined}
            placeholder="{{ outputs.task.value | upper }}"
            hint="It is rendered over this execution: inputs, outputs, labels, variables. Secrets are not available."
          />
          <Faults faults={faults} />
          <div className="row">
            <button type="submit" className="btn">
              <Icon name="play" />
              Render
            </button>
          </div>
        </form>
        <div role="status">
          {rendered?.fault && (
            <div className="note fail gap">
              <Icon name="alert" />
              <div>
                <b>
                  Line {rendered.fault.line}, column {rendered.fault.column}.
                </b>{' '}
                {rendered.fault.message}
              </div>
            </div>
          )}
          {rendered?.text != null && <pre className="diff preview gap">{rendered.text}</pre>}
        </div>
      </section>
    </>
  );
}
