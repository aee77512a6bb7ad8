import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type {
  SessionTable_sessions$data,
  SessionTable_sessions$key,
} from '../../generated/SessionTable_sessions.graphql.ts';
import type { SessionTableRevokeMutation } from '../../generated/SessionTableRevokeMutation.graphql.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { browserOf } from './browser.ts';

const fragment = graphql`
  fragment SessionTable_sessions on SessionConnection {
    nodes {
      id
      createdAt
      lastSeenAt
      idleExpiresAt
      expiresAt
      ip
      isCurrent
      method
      provider
      secondFactor
      userAgent
      viewerPermissions
      user {
        id
        ...Subject_subject
      }
    }
    pageInfo {
      ...DataTable_pageInfo
    }
  }
`;

const revoke = graphql`
  mutation SessionTableRevokeMutation($input: RevokeSessionInput!) {
    revokeSession(input: $input) {
      deletedId
    }
  }
`;

type Session = SessionTable_sessions$data['nodes'][number];

export interface SessionTableProps {
  readonly sessions: SessionTable_sessions$key;
  /** True for the sessions of many users. */
  readonly ofMany: boolean;
}

export function SessionTable({ sessions: key, ofMany }: SessionTableProps) {
  const tenant = useTenant();
  const sessions = useFragment(fragment, key);
  const [ending, setEnding] = useState<Session>();
  const close = () => setEnding(undefined);
  return (
    <>
      <DataTable
        caption="Sessions"
        columns={[...(ofMany ? [ownerColumn(tenant)] : []), ...columnsOf(setEnding)]}
        rows={sessions.nodes}
        keyOf={({ id }) => id}
        pageInfo={sessions.pageInfo}
        empty={{ icon: 'screen', title: 'No session', text: <p>This person is not signed in anywhere.</p> }}
      />
      {ending && (
        <ConfirmDialog<SessionTableRevokeMutation>
          title={`End the session of ${browserOf(ending.userAgent)}`}
          mutation={revoke}
          input={{ id: ending.id }}
          submit="End the session"
          isDanger
          done={() => {
            close();
            toast('Session ended');
          }}
          close={close}
        >
          <p>That browser is signed out within two seconds.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

const wayOf = ({ method, provider, secondFactor }: Session): string =>
  [
    method === 'OIDC' ? (provider ?? 'single sign-on') : method === 'PASSKEY' ? 'passkey' : 'password',
    method !== 'PASSKEY' && secondFactor && 'second factor',
  ]
    .filter(Boolean)
    .join(' and ');

const ownerColumn = (tenant: string): Column<Session> => ({
  title: 'User',
  cell: ({ user }) =>
    user ? (
      <Link to="/t/$tenant/users/$user" params={{ tenant, user: user.id }}>
        <Subject subject={user} />
      </Link>
    ) : (
      <Subject subject={user} />
    ),
});

const columnsOf = (end: (session: Session) => void): readonly Column<Session>[] => [
  {
    title: 'Browser',
    className: 'main-cell fluid',
    cell: (session) => (
      <>
        <span title={session.userAgent ?? undefined}>{browserOf(session.userAgent)}</span>{' '}
        {session.isCurrent && <span className="badge accent">this one</span>}
        <span className="sub">
          {session.ip ?? 'unknown address'} · by {wayOf(session)}
        </span>
      </>
    ),
  },
  { title: 'Last seen', cell: ({ lastSeenAt }) => <Ago at={lastSeenAt} /> },
  { title: 'Signed in', className: 'p2', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    title: 'Ends',
    className: 'p2',
    cell: ({ idleExpiresAt, expiresAt }) => <Ago at={idleExpiresAt < expiresAt ? idleExpiresAt : expiresAt} />,
  },
  {
    title: 'Actions',
    className: 'end',
    cell: (session) => (
      <ActionButton
        permission={needs.revokeSession}
        isAllowed={session.viewerPermissions.includes('DELETE')}
        className="sm danger"
        icon="leave"
        label={`End the session of ${browserOf(session.userAgent)}`}
        onPress={() => end(session)}
      >
        <span className="p2">End</span>
      </ActionButton>
    ),
  },
];
