import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { Members_members$data, Members_members$key } from '../../generated/Members_members.graphql.ts';
import type { MembersOwnerMutation } from '../../generated/MembersOwnerMutation.graphql.ts';
import type { MembersRemoveMutation } from '../../generated/MembersRemoveMutation.graphql.ts';
import { BulkDialog } from '../../ui/BulkDialog.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { Who } from '../../ui/Who.tsx';
import { AddMembers } from './AddMembers.tsx';

const fragment = graphql`
  fragment Members_members on GroupMemberConnection {
    nodes {
      name
      membership
      managedBy
      createdAt
      subject {
        __typename
        ... on User {
          id
        }
        ... on ServiceAccount {
          id
        }
      }
    }
    pageInfo {
      ...DataTable_pageInfo
    }
  }
`;

const remove = graphql`
  mutation MembersRemoveMutation($input: RemoveGroupMemberInput!) {
    removeGroupMember(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;

const setOwner = graphql`
  mutation MembersOwnerMutation($input: SetGroupMembershipInput!) {
    setGroupMembership(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;

type Member = Members_members$data['nodes'][number];
const idOf = ({ subject }: Member): string | undefined =>
  subject?.__typename === 'User' || subject?.__typename === 'ServiceAccount' ? subject.id : undefined;

interface MembersProps {
  readonly tenant: string;
  readonly group: string;
  readonly members: Members_members$key | null | undefined;
  readonly mayChange: boolean;
}

type Act =
  | { readonly kind: 'add' }
  | { readonly kind: 'remove' | 'owner'; readonly member: Member }
  | { readonly kind: 'remove-many'; readonly members: readonly Member[] };

export function Members({ tenant, group, members: key, mayChange }: MembersProps) {
  const members = useFragment(fragment, key);
  const [act, setAct] = useState<Act>();
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const close = () => setAct(undefined);
  if (!members) return <Empty icon="group" title="You do not have permission to see the members" />;
  const picked = members.nodes.filter((member) => chosen.has(member.name) && idOf(member) !== undefined);
  const add = (
    <ActionButton
      permission={needs.addGroupMember}
      isAllowed={mayChange}
      icon="plus"
      className="primary"
      onPress={() => setAct({ kind: 'add' })}
    >
      Add members
    </ActionButton>
  );
  return (
    <>
      {members.nodes.length > 0 && <div className="tools">{add}</div>}
      <DataTable
        caption="Members"
        columns={columnsOf(tenant, mayChange, setAct)}
        rows={members.nodes}
        keyOf={({ name }) => name}
        pageInfo={members.pageInfo}
        selection={mayChange ? { chosen, choose } : undefined}
        empty={{
          icon: 'group',
          title: 'No members yet',
          text: (
            <>
              <p>Members have every role of the group.</p>
              {add}
            </>
          ),
        }}
      />
      {picked.length > 0 && (
        <section className="bulk" aria-label="Chosen rows">
          <span className="strong">{picked.length} chosen</span>
          <button type="button" className="btn danger" onClick={() => setAct({ kind: 'remove-many', members: picked })}>
            Remove…
          </button>
          <button type="button" className="btn plain" onClick={() => choose(new Set())}>
            Clear
          </button>
        </section>
      )}
      {act?.kind === 'add' && <AddMembers tenant={tenant} group={group} close={close} />}
      {act?.kind === 'remove' && (
        <ConfirmDialog<MembersRemoveMutation>
          title={`Remove ${act.member.name}`}
          mutation={remove}
          input={{ group, subject: idOf(act.member) ?? '' }}
          impactOf={(answer) => answer.removeGroupMember?.impact}
          submit="Remove"
          isDanger
          done={() => {
            close();
            toast(`${act.member.name} removed`);
          }}
          close={close}
        />
      )}
      {act?.kind === 'owner' && <OwnerDialog member={act.member} group={group} close={close} />}
      {act?.kind === 'remove-many' && (
        <BulkDialog
          title="Remove members"
          items={act.members.map((member) => ({ id: idOf(member) ?? '', name: member.name }))}
          mutation={remove}
          inputOf={(subject) => ({ group, subject })}
          submit="Remove all"
          isDanger
          close={() => {
            choose(new Set());
            close();
          }}
        />
      )}
    </>
  );
}

function OwnerDialog({ member, group, close }: { member: Member; group: string; close: () => void }) {
  const isOwner = member.membership === 'OWNER';
  return (
    <ConfirmDialog<MembersOwnerMutation>
      title={isOwner ? `Make ${member.name} a member only` : `Make ${member.name} an owner`}
      mutation={setOwner}
      input={{ group, subject: idOf(member) ?? '', membership: isOwner ? 'MEMBER' : 'OWNER' }}
      impactOf={(answer) => answer.setGroupMembership?.impact}
      submit={isOwner ? 'Make a member' : 'Make an owner'}
      done={() => {
        close();
        toast('Membership saved');
      }}
      close={close}
    >
      <p>Owners add and remove members of the group.</p>
    </ConfirmDialog>
  );
}

const columnsOf = (
  tenant: string,
  mayChange: boolean,
  act: (act: { readonly kind: 'remove' | 'owner'; readonly member: Member }) => void,
): readonly Column<Member>[] => [
  {
    title: 'Member',
    className: 'main-cell fluid',
    cell: ({ name, subject }) =>
      subject?.__typename === 'User' ? (
        <Link to="/t/$tenant/users/$user" params={{ tenant, user: subject.id }}>
          <Who name={name} />
        </Link>
      ) : (
        <Who name={name} isBot={subject?.__typename === 'ServiceAccount'} />
      ),
  },
  {
    title: 'Membership',
    cell: ({ membership, managedBy }) => (
      <span className="row">
        {membership === 'OWNER' ? <span className="badge accent">owner</span> : <span className="quiet">member</span>}
        {managedBy && <span className="badge">by {managedBy}</span>}
      </span>
    ),
  },
  { title: 'Since', className: 'p2', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    title: 'Actions',
    className: 'end',
    cell: (member) =>
      idOf(member) === undefined ? null : (
        <span className="row acts">
          <ActionButton
            permission={needs.setGroupMembership}
            isAllowed={mayChange}
            className="sm"
            icon="up"
            label={member.membership === 'OWNER' ? `Make ${member.name} a member` : `Make ${member.name} an owner`}
            onPress={() => act({ kind: 'owner', member })}
          >
            <span className="p2">{member.membership === 'OWNER' ? 'Make a member' : 'Make an owner'}</span>
          </ActionButton>
          <ActionButton
            permission={needs.removeGroupMember}
            isAllowed={mayChange}
            className="sm danger"
            icon="x"
            label={`Remove ${member.name}`}
            onPress={() => act({ kind: 'remove', member })}
          >
            <span className="p2">Remove</span>
          </ActionButton>
        </span>
      ),
  },
];
