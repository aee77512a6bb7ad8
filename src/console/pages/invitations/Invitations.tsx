import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { InvitationsDeleteMutation } from '../../generated/InvitationsDeleteMutation.graphql.ts';
import type { InvitationsQuery } from '../../generated/InvitationsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { type Asked, type Chosen, ListPage } from '../../ui/ListPage.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { Invite, type Invited } from './Invite.tsx';

const query = graphql`
  query InvitationsQuery($tenant: String!, $first: Int, $after: String, $last: Int, $before: String) {
    tenant(key: $tenant) {
      invitations(first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          email
          createdAt
          expiresAt
          mail
          withDefaultRole
          viewerPermissions
          invitedBy {
            ...Subject_subject
          }
          bindings {
            namespaceName
            role {
              id
              name
            }
          }
          groups(first: 20) {
            nodes {
              id
              name
            }
          }
        }
        pageInfo {
          ...DataTable_pageInfo
        }
      }
    }
  }
`;

const revoke = graphql`
  mutation InvitationsDeleteMutation($input: DeleteInvitationInput!) {
    deleteInvitation(input: $input) {
      deletedId
    }
  }
`;

type Invitation = NonNullable<NonNullable<InvitationsQuery['response']['tenant']>['invitations']>['nodes'][number];

const mails: Readonly<Record<string, { readonly title: string; readonly family: string }>> = {
  SENT: { title: 'Mail sent', family: 'ok' },
  QUEUED: { title: 'Mail waiting', family: 'run' },
  FAILED: { title: 'Mail failed', family: 'fail' },
};

const isExpired = ({ expiresAt }: Invitation): boolean => new Date(expiresAt) <= new Date();

function offerOf({ groups, bindings, withDefaultRole }: Invitation): string {
  const parts = [
    ...(groups?.nodes ?? []).map(({ name }) => `group ${name}`),
    ...bindings.map(({ role, namespaceName }) => `${role?.name ?? 'a role'} in ${namespaceName ?? 'the whole tenant'}`),
    ...(withDefaultRole ? ['the default role'] : []),
  ];
  return parts.join(', ') || 'access only';
}

/** What is invited again: the same person, with the same groups and roles. */
const asInvited = ({ email, groups, bindings, withDefaultRole }: Invitation): Invited => ({
  email,
  groups: (groups?.nodes ?? []).map(({ id, name }) => ({ id, title: name })),
  bindings: bindings.flatMap(({ role, namespaceName }) =>
    role ? [{ role: role.id, title: role.name, namespaceName: namespaceName ?? undefined }] : [],
  ),
  withDefaultRole,
});

const useInvitations = ({ where: _where, ...asked }: Asked) =>
  useAnswer<InvitationsQuery>(query, asked).tenant?.invitations;

type Act =
  | { readonly kind: 'invite'; readonly from?: Invitation }
  | { readonly kind: 'revoke'; readonly one: Invitation }
  | { readonly kind: 'revoke-many'; readonly chosen: Chosen<Invitation> };

/** Open invitations: who is invited, by whom, with what. */
export function Invitations() {
  const tenant = useTenant();
  const search = useSearch({ from: '/t/$tenant/invitations' });
  const [act, setAct] = useState<Act>();
  const close = () => setAct(undefined);
  return (
    <>
      <ListPage
        title="Invitations"
        icon="mail"
        search={search}
        actions={
          <ActionButton
            permission={needs.createInvitation}
            icon="plus"
            className="primary"
            onPress={() => setAct({ kind: 'invite' })}
          >
            Invite
          </ActionButton>
        }
        columns={() => columnsOf(setAct)}
        nameOf={({ email }) => email}
        bulk={(chosen) => (
          <ActionButton
            permission={needs.deleteInvitation}
            className="danger"
            onPress={() => setAct({ kind: 'revoke-many', chosen })}
          >
            Revoke…
          </ActionButton>
        )}
        purpose="An invitation lets a person create their own account, with the groups and roles that you choose."
        useList={useInvitations}
      />
      {act?.kind === 'invite' && (
        <Invite
          tenant={tenant}
          again={act.from && asInvited(act.from)}
          replaces={act.from && !isExpired(act.from) ? act.from.id : undefined}
          close={close}
        />
      )}
      {act?.kind === 'revoke' && (
        <ConfirmDialog<InvitationsDeleteMutation>
          title={`Revoke the invitation of ${act.one.email}`}
          mutation={revoke}
          input={{ id: act.one.id }}
          submit="Revoke"
          isDanger
          done={() => {
            close();
            toast('Invitation revoked');
          }}
          close={close}
        >
          <p>Its link stops working at once.</p>
        </ConfirmDialog>
      )}
      {act?.kind === 'revoke-many' && (
        <BulkDialog
          title="Revoke invitations"
          items={act.chosen.rows.map(({ id, email }) => ({ id, name: email }))}
          mutation={revoke}
          inputOf={(id) => ({ id })}
          submit="Revoke all"
          isDanger
          close={() => {
            act.chosen.clear();
            close();
          }}
        />
      )}
    </>
  );
}

const columnsOf = (act: (act: Act) => void): readonly Column<Invitation>[] => [
  {
    title: 'Person',
    className: 'main-cell fluid',
    cell: (invitation) => (
      <>
        {invitation.email}
        <span className="sub">{offerOf(invitation)}</span>
      </>
    ),
  },
  { title: 'Invited by', className: 'p2', cell: ({ invitedBy }) => <Subject subject={invitedBy} /> },
  { title: 'Since', className: 'p3', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    title: 'State',
    cell: (invitation) => {
      if (isExpired(invitation)) return <span className="badge">Expired</span>;
      const mail = invitation.mail ? mails[invitation.mail] : undefined;
      return <span className={`badge ${mail?.family ?? 'run'}`}>{mail?.title ?? 'Open'}</span>;
    },
  },
  { title: 'Expires', className: 'p2', cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
  {
    title: 'Actions',
    className: 'end',
    cell: (one) => (
      <span className="row acts">
        <ActionButton
          permission={needs.createInvitation}
          className="sm"
          icon="restart"
          label={`Invite ${one.email} again`}
          onPress={() => act({ kind: 'invite', from: one })}
        >
          <span className="p2">Again</span>
        </ActionButton>
        <ActionButton
          permission={needs.deleteInvitation}
          isAllowed={one.viewerPermissions.includes('DELETE')}
          className="sm danger"
          icon="x"
          label={`Revoke the invitation of ${one.email}`}
          onPress={() => act({ kind: 'revoke', one })}
        >
          <span className="p2">Revoke</span>
        </ActionButton>
      </span>
    ),
  },
];
