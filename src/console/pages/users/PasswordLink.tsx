import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { PasswordLinkMutation } from '../../generated/PasswordLinkMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { SecretDialog } from '../../ui/SecretDialog.tsx';
import { toast } from '../../ui/toast.ts';

const create = graphql`
  mutation PasswordLinkMutation($input: CreatePasswordLinkInput!) {
    createPasswordLink(input: $input) {
      link
    }
  }
`;

/** A link with which a user sets a password. It is mailed, or shown once. */
export function PasswordLink({ user, name, close }: { user: string; name: string; close: () => void }) {
  const [link, setLink] = useState<string>();
  if (link !== undefined)
    return (
      <SecretDialog
        title={`Password link for ${name}`}
        secret={link}
        lost="The link was lost with the connection. Create another one."
        close={close}
      >
        <p>Give it to the user. It works once, and expires.</p>
      </SecretDialog>
    );
  return (
    <FormDialog<PasswordLinkMutation>
      title={`Password link for ${name}`}
      mutation={create}
      submit="Create the link"
      inputOf={() => ({ id: user })}
      done={({ createPasswordLink }) => {
        if (createPasswordLink?.link) return setLink(createPasswordLink.link);
        close();
        toast('Link sent', 'The user gets a mail with it.');
      }}
      close={close}
    >
      <p>With the link, the user sets a new password. Their present one works until then.</p>
    </FormDialog>
  );
}
