import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { EndSessionsMutation } from '../../generated/EndSessionsMutation.graphql.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { toast } from '../../ui/toast.ts';

const revoke = graphql`
  mutation EndSessionsMutation($input: RevokeSessionsInput!) {
    revokeSessions(input: $input) {
      count
    }
  }
`;

/** Signs a person out everywhere; oneself everywhere else. */
export function EndSessions({ user, isOwn }: { user: string; isOwn: boolean }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <ActionButton
        permission={needs.revokeSessions}
        isAllowed={isOwn || undefined}
        icon="leave"
        onPress={() => setIsOpen(true)}
      >
        {isOwn ? 'Sign out everywhere else' : 'Sign out everywhere'}
      </ActionButton>
      {isOpen && (
        <ConfirmDialog<EndSessionsMutation>
          title={isOwn ? 'Sign out everywhere else' : 'Sign out everywhere'}
          mutation={revoke}
          input={isOwn ? { keepCurrent: true } : { user }}
          submit="Sign out"
          isDanger
          done={({ revokeSessions }) => {
            setIsOpen(false);
            const count = revokeSessions?.count ?? 0;
            toast(count === 1 ? '1 session ended' : `${count} sessions ended`);
          }}
          close={() => setIsOpen(false)}
        >
          <p>
            {isOwn
              ? 'Every other browser in which you are signed in is signed out.'
              : 'Every browser in which this person is signed in is signed out. API tokens go on working.'}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
