import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { InviteAgainMutation } from '../../generated/InviteAgainMutation.graphql.ts';
import type { InviteMutation } from '../../generated/InviteMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { GroupsPicker, type Picked } from '../../ui/GroupsPicker.tsx';
import { SecretDialog } from '../../ui/SecretDialog.tsx';
import { toast } from '../../ui/toast.ts';
import { RolesPicker } from './Offer.tsx';

const invite = graphql`
  mutation InviteMutation($input: CreateInvitationInput!) {
    createInvitation(input: $input) {
      link
    }
  }
`;

const inviteAgain = graphql`
  mutation InviteAgainMutation($input: CreateInvitationInput!, $former: DeleteInvitationInput!) {
    deleteInvitation(input: $former) {
      deletedId
    }
    createInvitation(input: $input) {
      link
    }
  }
`;

export interface PickedRole {
  readonly role: string;
  readonly title: string;
  readonly namespaceName: string | undefined;
}

export interface Invited {
  readonly email: string;
  readonly groups: readonly Picked[];
  readonly bindings: readonly PickedRole[];
  readonly withDefaultRole: boolean;
}

export interface InviteProps {
  readonly tenant: string;
  /** To invite a person again. */
  readonly again: Invited | undefined;
  /** ID of the open invitation that the new one replaces. */
  readonly replaces: string | undefined;
  readonly close: () => void;
}

export function Invite({ tenant, again, replaces, close }: InviteProps) {
  const [groups, setGroups] = useState<readonly Picked[]>(again?.groups ?? []);
  const [bindings, setBindings] = useState<readonly PickedRole[]>(again?.bindings ?? []);
  const [sent, setSent] = useState<{ readonly email: string; readonly link: string }>();
  if (sent)
    return (
      <SecretDialog
        title={`Link for ${sent.email}`}
        secret={sent.link}
        lost="The invitation was created, but its link was lost with the connection. Invite the person again."
        close={close}
      >
        <p>This gateway sends no mails, so give the link to the person yourself. It works once.</p>
      </SecretDialog>
    );
  return (
    <FormDialog<InviteMutation | InviteAgainMutation>
      title={again ? `Invite ${again.email} again` : 'Invite a person'}
      mutation={replaces === undefined ? invite : inviteAgain}
      {...(replaces !== undefined && { more: { former: { id: replaces } } })}
      submit={again ? 'Send a new invitation' : 'Invite'}
      inputOf={(values) => ({
        tenantKey: tenant,
        email: values.text('email') ?? '',
        groups: groups.map(({ id }) => id),
        bindings: bindings.map(({ role, namespaceName }) => ({ role, ...(namespaceName && { namespaceName }) })),
        withDefaultRole: values.isOn('withDefaultRole'),
      })}
      done={({ createInvitation }, values) => {
        if (createInvitation?.link) return setSent({ email: values.text('email') ?? '', link: createInvitation.link });
        close();
        toast('Invitation sent', 'The person gets a mail with a link.');
      }}
      close={close}
    >
      <TextField
        name="email"
        label="E-mail"
        type="email"
        value={again?.email}
        isReadOnly={again !== undefined}
        autoFocus
      />
      <GroupsPicker tenant={tenant} picked={groups} pick={setGroups} />
      <RolesPicker tenant={tenant} picked={bindings} pick={setBindings} />
      <CheckField
        name="withDefaultRole"
        label="Also the default role of the tenant"
        isChecked={again?.withDefaultRole ?? true}
      />
    </FormDialog>
  );
}
