import { Link, useNavigate } from '@tanstack/react-router';
import { Suspense, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { TaskRunPanelQuery } from '../../generated/TaskRunPanelQuery.graphql.ts';
import type { TaskRunPanelReplayMutation } from '../../generated/TaskRunPanelReplayMutation.graphql.ts';
import type { TaskRunPanelStateMutation } from '../../generated/TaskRunPanelStateMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { isActive, type Run } from '../../ui/executions/gantt/runs.ts';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Json } from '../../ui/Json.tsx';
import { ResizablePanel } from '../../ui/ResizablePanel.tsx';
import { StateBadge } from '../../ui/StateBadge.tsx';
import { isEnded, lookOf } from '../../ui/state.ts';
import { Moment } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import type { ShownExecution } from './Execution.tsx';

const query = graphql`
  query TaskRunPanelQuery($id: ID!) {
    node(id: $id) {
      ... on TaskRun {
        outputs
        attempts
      }
    }
  }
`;

const replay = graphql`
  mutation TaskRunPanelReplayMutation($input: ReplayExecutionInput!) {
    replayExecution(input: $input) {
      execution {
        executionId
      }
    }
  }
`;

const setState = graphql`
  mutation TaskRunPanelStateMutation($input: SetTaskRunStateInput!) {
    setTaskRunState(input: $input) {
      taskRun {
        id
      }
    }
  }
`;

export interface TaskRunPanelProps {
  readonly tenant: string;
  readonly execution: ShownExecution;
  readonly run: Run;
}

const settable = ['SUCCESS', 'WARNING', 'FAILED', 'SKIPPED'];

/** One task run: its states, attempts and outputs, and what can be done from there. */
export function TaskRunPanel({ tenant, execution, run }: TaskRunPanelProps) {
  const navigate = useNavigate();
  const [open, setOpen] = useState<'replay' | 'state'>();
  const close = () => setOpen(undefined);
  const { viewerPermissions, state } = execution;
  return (
    <ResizablePanel label={`Task run ${run.taskId}`}>
      <div className="panel-head">
        <h2 className="cut">{run.taskId}</h2>
        <StateBadge state={run.state} />
        <span className="grow" />
        <Link
          className="btn plain icon sm"
          to="."
          search={((before: object) => ({ ...before, run: undefined, task: undefined })) as never}
          replace
          resetScroll={false}
          aria-label="Close the panel"
        >
          <Icon name="x" />
        </Link>
      </div>
      <div className="panel-body">
        <dl className="facts">
          <dt>Task run</dt>
          <dd>
            <code>{run.taskRunId}</code>
          </dd>
          {run.value != null && (
            <>
              <dt>Value</dt>
              <dd>
                <code>{run.value}</code>
              </dd>
            </>
          )}
          {run.history.map(({ state: name, at }) => (
            <State key={`${name} ${at}`} name={name} at={at} />
          ))}
        </dl>
        <FaultBoundary>
          <Suspense fallback={<p className="quiet">Loading…</p>}>
            <Details tenant={tenant} run={run} />
          </Suspense>
        </FaultBoundary>
        <div className="row">
          <ActionButton
            permission={needs.replayExecution}
            isAllowed={viewerPermissions.includes('CREATE')}
            why={isEnded(state) ? undefined : 'Only an ended execution can be replayed.'}
            icon="play"
            onPress={() => setOpen('replay')}
          >
            Replay from here
          </ActionButton>
          <ActionButton
            permission={needs.setTaskRunState}
            isAllowed={viewerPermissions.includes('UPDATE')}
            why={
              isActive(run) && run.state !== 'PAUSED'
                ? 'The state of a task run can be set only if it has ended or is paused.'
                : undefined
            }
            onPress={() => setOpen('state')}
          >
            Change state
          </ActionButton>
          <Link className="btn plain" to="." search={{ tab: 'logs', task: run.taskId } as never}>
            Its log
          </Link>
        </div>
      </div>
      {open === 'replay' && (
        <FormDialog<TaskRunPanelReplayMutation>
          title={`Replay from ${run.taskId}`}
          mutation={replay}
          submit="Replay"
          inputOf={() => ({ id: execution.id, taskRun: run.id })}
          done={({ replayExecution }) => {
            close();
            const created = replayExecution?.execution?.executionId;
            if (created)
              void navigate({ to: '/t/$tenant/executions/$execution', params: { tenant, execution: created } });
          }}
          close={close}
        >
          <p>A new execution begins at this task. The results of the tasks before it are used again.</p>
        </FormDialog>
      )}
      {open === 'state' && (
        <FormDialog<TaskRunPanelStateMutation>
          title={`Change the state of ${run.taskId}`}
          mutation={setState}
          submit="Change"
          inputOf={(values) => ({ id: run.id, state: (values.text('state') ?? 'SUCCESS') as 'SUCCESS' })}
          done={() => {
            close();
            toast('State: requested', 'The engine sets it, and continues from there.');
          }}
          close={close}
        >
          <p>The execution continues from this task with its new state.</p>
          <SelectField
            name="state"
            label="New state"
            options={settable
              .filter((one) => one !== run.state)
              .map((value) => ({ value, title: lookOf(value).title }))}
          />
        </FormDialog>
      )}
    </ResizablePanel>
  );
}

function State({ name, at }: { name: string; at: string }) {
  return (
    <>
      <dt>{lookOf(name).title}</dt>
      <dd>
        <Moment at={at} />
      </dd>
    </>
  );
}

function Details({ tenant, run }: { tenant: string; run: Run }) {
  const { node } = useAnswer<TaskRunPanelQuery>(query, { id: run.id });
  const outputs = (node?.outputs ?? {}) as Readonly<Record<string, unknown>>;
  const child = outputs['executionId'];
  const attempts = Array.isArray(node?.attempts) ? node.attempts : [];
  return (
    <>
      {typeof child === 'string' && (
        <p>
          It started the execution{' '}
          <Link to="/t/$tenant/executions/$execution" params={{ tenant, execution: child }}>
            <code>{child}</code>
          </Link>
        </p>
      )}
      <section aria-label="Outputs">
        <span className="label">Outputs</span>
        {Object.keys(outputs).length === 0 ? <p className="quiet">None.</p> : <Json value={outputs} label="Outputs" />}
      </section>
      {attempts.length > 1 && (
        <section aria-label="Attempts">
          <span className="label">Attempts</span>
          <ol className="states">
            {attempts.map((attempt: { state?: string; startedAt?: string }, i) => (
              <li key={attempt.startedAt ?? i}>
                <span className="quiet num">{i + 1}</span>
                {attempt.state && <StateBadge state={attempt.state} isPast />}
                <span className="grow" />
                {attempt.startedAt && <Moment at={attempt.startedAt} />}
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}
