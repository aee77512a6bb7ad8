import { useNavigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { UserChangeAdminMutation } from '../../generated/UserChangeAdminMutation.graphql.ts';
import type { UserChangeDeleteMutation } from '../../generated/UserChangeDeleteMutation.graphql.ts';
import type { UserChangeDisableMutation } from '../../generated/UserChangeDisableMutation.graphql.ts';
import type { UserChangeFactorMutation } from '../../generated/UserChangeFactorMutation.graphql.ts';
import type { UserChangeRevokeMutation } from '../../generated/UserChangeRevokeMutation.graphql.ts';
import type { UserChangeUnlockMutation } from '../../generated/UserChangeUnlockMutation.graphql.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { toast } from '../../ui/toast.ts';

const revoke = graphql`
  mutation UserChangeRevokeMutation($input: RevokeTenantAccessInput!) {
    revokeTenantAccess(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;
const disable = graphql`
  mutation UserChangeDisableMutation($input: SetUserDisabledInput!) {
    setUserDisabled(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;
const unlock = graphql`
  mutation UserChangeUnlockMutation($input: UnlockUserInput!) {
    unlockUser(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;
const removeFactor = graphql`
  mutation UserChangeFactorMutation($input: RemoveSecondFactorInput!) {
    removeSecondFactor(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;
const setAdmin = graphql`
  mutation UserChangeAdminMutation($input: SetSuperAdminInput!) {
    setSuperAdmin(input: $input) {
      impact {
        ...Impact_impact
      }
    }
  }
`;
const remove = graphql`
  mutation UserChangeDeleteMutation($input: DeleteUserInput!) {
    deleteUser(input: $input) {
      deletedId
      impact {
        ...Impact_impact
      }
    }
  }
`;

/** Acts on a user: their words. */
export const userActs = {
  revoke: { item: 'Remove from the tenant…', title: 'Remove', submit: 'Remove', done: 'User removed from the tenant' },
  unlock: { item: 'Unlock…', title: 'Unlock', submit: 'Unlock', done: 'User unlocked' },
  'remove-factor': {
    item: 'Remove the second factor…',
    title: 'Remove the second factor of',
    submit: 'Remove',
    done: 'Second factor removed',
  },
  'make-admin': {
    item: 'Make a super admin…',
    title: 'Make a super admin of',
    submit: 'Make a super admin',
    done: 'Saved',
  },
  'take-admin': { item: 'End as super admin…', title: 'End as super admin:', submit: 'End', done: 'Saved' },
  disable: { item: 'Disable…', title: 'Disable', submit: 'Disable', done: 'User disabled' },
  enable: { item: 'Enable…', title: 'Enable', submit: 'Enable', done: 'User enabled' },
  delete: { item: 'Delete…', title: 'Delete the user', submit: 'Delete', done: 'User deleted' },
} as const;
export type UserAct = keyof typeof userActs;

export interface UserChangeProps {
  readonly act: UserAct;
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly close: () => void;
}

export function UserChange({ act, id, name, tenant, close }: UserChangeProps) {
  const navigate = useNavigate();
  const { title, submit, done } = userActs[act];
  const leave = () => void navigate({ to: '/t/$tenant/users', params: { tenant } });
  const common = {
    title: `${title} ${name}`,
    submit,
    close,
    done: () => {
      close();
      toast(done);
    },
  };
  switch (act) {
    case 'revoke':
      return (
        <ConfirmDialog<UserChangeRevokeMutation>
          {...common}
          mutation={revoke}
          input={{ tenantKey: tenant, subject: id }}
          impactOf={(answer) => answer.revokeTenantAccess?.impact}
          isDanger
          done={() => {
            leave();
            toast(done);
          }}
        >
          <p>They lose their roles and groups in {tenant}, and keep their account.</p>
        </ConfirmDialog>
      );
    case 'disable':
    case 'enable':
      return (
        <ConfirmDialog<UserChangeDisableMutation>
          {...common}
          mutation={disable}
          input={{ id, disabled: act === 'disable' }}
          impactOf={(answer) => answer.setUserDisabled?.impact}
          isDanger={act === 'disable'}
        >
          <p>
            {act === 'disable'
              ? 'They cannot sign in any more, and their sessions and tokens stop working, in every tenant.'
              : 'They can sign in again, with everything that they had.'}
          </p>
        </ConfirmDialog>
      );
    case 'unlock':
      return (
        <ConfirmDialog<UserChangeUnlockMutation>
          {...common}
          mutation={unlock}
          input={{ id }}
          impactOf={(answer) => answer.unlockUser?.impact}
        >
          <p>Too many sign-ins failed. Unlocked, they can try again at once.</p>
        </ConfirmDialog>
      );
    case 'remove-factor':
      return (
        <ConfirmDialog<UserChangeFactorMutation>
          {...common}
          mutation={removeFactor}
          input={{ id }}
          impactOf={(answer) => answer.removeSecondFactor?.impact}
          isDanger
        >
          <p>Do this only if you are sure who asks. Then the password alone signs in.</p>
        </ConfirmDialog>
      );
    case 'make-admin':
    case 'take-admin':
      return (
        <ConfirmDialog<UserChangeAdminMutation>
          {...common}
          mutation={setAdmin}
          input={{ subject: id, superAdmin: act === 'make-admin' }}
          impactOf={(answer) => answer.setSuperAdmin?.impact}
          isDanger
        >
          <p>A super admin can do everything, in every tenant.</p>
        </ConfirmDialog>
      );
    case 'delete':
      return (
        <ConfirmDialog<UserChangeDeleteMutation>
          {...common}
          mutation={remove}
          input={{ id }}
          impactOf={(answer) => answer.deleteUser?.impact}
          isDanger
          done={() => {
            leave();
            toast(done);
          }}
        >
          <p>
            The account is deleted in every tenant. What they did stays in the audit log. Disabling keeps the account.
          </p>
        </ConfirmDialog>
      );
  }
}
