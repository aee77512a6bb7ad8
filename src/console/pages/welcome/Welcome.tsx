import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { WelcomeQuery } from '../../generated/WelcomeQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { RunDialog } from '../../ui/executions/RunDialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { Invite } from '../invitations/Invite.tsx';
import { useTenant } from '../tenant.ts';
import { FirstFlow } from './FirstFlow.tsx';
import type { WelcomeSearch } from './search.ts';
import { WatchRun } from './WatchRun.tsx';
import './welcome.css';

const query = graphql`
  query WelcomeQuery($tenant: String!, $namespace: String!, $flow: String!, $hasFlow: Boolean!) {
    tenant(key: $tenant) {
      ...FirstFlow_tenant
      flow(namespaceName: $namespace, flowId: $flow) @include(if: $hasFlow) {
        id
        flowId
        namespaceName
        inputs
      }
      flows(first: 1, orderBy: { field: UPDATED_AT, direction: DESC }) {
        nodes {
          id
          flowId
          namespaceName
          inputs
        }
      }
      executions(first: 1) {
        nodes {
          id
          executionId
        }
      }
      plugins(first: 1, where: { reported: true }) {
        nodes {
          type
        }
      }
      users(first: 2) {
        nodes {
          id
        }
      }
      invitations(first: 1) {
        nodes {
          id
        }
      }
    }
  }
`;

/** The tour of a new tenant: a first flow, its first run, and a colleague. */
export function Welcome() {
  const tenant = useTenant();
  return (
    <Page title="Welcome" crumbs={[{ title: tenant }]}>
      <Tour tenant={tenant} />
    </Page>
  );
}

function Tour({ tenant: key }: { tenant: string }) {
  const search: WelcomeSearch = useSearch({ from: '/t/$tenant/welcome' });
  const navigate = useNavigate();
  const [open, setOpen] = useState<'run' | 'invite'>();
  const close = () => setOpen(undefined);
  const [namespace = '', flowId = ''] = search.flow?.split('/') ?? [];
  const { tenant } = useAnswer<WelcomeQuery>(query, {
    tenant: key,
    namespace,
    flow: flowId,
    hasFlow: search.flow !== undefined,
  });
  if (!tenant) return <Empty icon="tenant" title="This tenant does not exist, or you have no access to it" />;
  const set = (values: WelcomeSearch) =>
    void navigate({ to: '.', search: ((before: object) => ({ ...before, ...values })) as never, resetScroll: false });
  const flow = tenant.flow ?? tenant.flows?.nodes[0];
  const executionId = search.execution ?? tenant.executions?.nodes[0]?.executionId;
  const hasColleague = (tenant.users?.nodes.length ?? 0) > 1 || (tenant.invitations?.nodes.length ?? 0) > 0;
  const done = [flow !== undefined, executionId !== undefined, hasColleague].filter(Boolean).length;
  return (
    <div className="body welcome">
      <p className="second">
        Three steps, a few minutes: write a flow, run it and watch it, and give a colleague access.{' '}
        <span className="strong">{done} of 3 done.</span>
      </p>
      {tenant.plugins?.nodes.length === 0 && (
        <div className="note warn">
          <Icon name="alert" />
          <div>
            <b>No engine has reported to this gateway.</b> An execution waits until one does. An operator connects an
            engine with an account, a token and the kit <code>gatehouse/engine</code>.
          </div>
        </div>
      )}
      <ol className="steps-list">
        <Step number={1} title="Create a first flow" isDone={flow !== undefined} isOpen={flow === undefined}>
          {flow ? (
            <p>
              <Link
                to="/t/$tenant/flows/$namespace/$flow"
                params={{ tenant: key, namespace: flow.namespaceName, flow: flow.flowId }}
              >
                {flow.flowId}
              </Link>{' '}
              in {flow.namespaceName}.{' '}
              <Link
                to="/t/$tenant/flows/$namespace/$flow"
                params={{ tenant: key, namespace: flow.namespaceName, flow: flow.flowId }}
                search={{ tab: 'editor' }}
              >
                Change it in the editor
              </Link>
            </p>
          ) : (
            <FirstFlow tenant={key} found={tenant} done={(created) => set({ flow: created })} />
          )}
        </Step>
        <Step number={2} title="Run it, and watch it" isDone={executionId !== undefined} isOpen={flow !== undefined}>
          {flow ? (
            <>
              <p>
                <ActionButton
                  permission={needs.createExecution}
                  icon="play"
                  className={executionId === undefined ? 'primary' : ''}
                  onPress={() => setOpen('run')}
                >
                  {executionId === undefined ? `Run ${flow.flowId}` : 'Run it again'}
                </ActionButton>
              </p>
              {executionId !== undefined && <WatchRun key={executionId} tenant={key} executionId={executionId} />}
            </>
          ) : (
            <p className="quiet">Its tasks, their times and what they write appear here while they run.</p>
          )}
        </Step>
        <Step number={3} title="Give a colleague access" isDone={hasColleague} isOpen={executionId !== undefined}>
          <p>
            Invite a person by e-mail, with a role in the whole tenant or in one namespace. You see what they will be
            allowed to do before you send it.
          </p>
          <div className="row">
            <ActionButton
              permission={needs.createInvitation}
              icon="mail"
              className={executionId !== undefined && !hasColleague ? 'primary' : ''}
              onPress={() => setOpen('invite')}
            >
              Invite a colleague
            </ActionButton>
            <Link className="btn" to="/t/$tenant/users" params={{ tenant: key }}>
              Users
            </Link>
          </div>
        </Step>
      </ol>
      {done === 3 && (
        <div className="row">
          <Link className="btn primary" to="/t/$tenant" params={{ tenant: key }}>
            <Icon name="home" />
            Go to Home
          </Link>
          <Link className="btn" to="/t/$tenant/blueprints" params={{ tenant: key }}>
            More blueprints
          </Link>
        </div>
      )}
      {open === 'run' && flow && (
        <RunDialog tenant={key} flow={flow} started={(execution) => set({ execution })} close={close} />
      )}
      {open === 'invite' && <Invite tenant={key} again={undefined} replaces={undefined} close={close} />}
    </div>
  );
}

interface StepProps {
  readonly number: number;
  readonly title: string;
  readonly isDone: boolean;
  readonly isOpen: boolean;
  readonly children: ReactNode;
}

function Step({ number, title, isDone, isOpen, children }: StepProps) {
  return (
    <li className={`card step ${isOpen ? 'open' : ''}`} aria-label={title}>
      <span className={`step-mark ${isDone ? 'done' : ''}`} aria-hidden="true">
        {isDone ? <Icon name="check" /> : number}
      </span>
      <div className="stack tight">
        <h2>
          {title} {isDone && <span className="sr">: done</span>}
        </h2>
        {children}
      </div>
    </li>
  );
}
