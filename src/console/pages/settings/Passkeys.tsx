import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { PasskeysBeginMutation } from '../../generated/PasskeysBeginMutation.graphql.ts';
import type { PasskeysCreateMutation } from '../../generated/PasskeysCreateMutation.graphql.ts';
import type { PasskeysDeleteMutation } from '../../generated/PasskeysDeleteMutation.graphql.ts';
import type { PasskeysQuery } from '../../generated/PasskeysQuery.graphql.ts';
import type { PasskeysRenameMutation } from '../../generated/PasskeysRenameMutation.graphql.ts';
import { useAct } from '../../relay/act.ts';
import { createPasskey, hasPasskeys } from '../../relay/passkey.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Faults } from '../../ui/Faults.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';

const query = graphql`
  query PasskeysQuery {
    viewer {
      user {
        passkeys {
          id
          name
          createdAt
          lastUsedAt
          synced
        }
      }
    }
  }
`;

const begin = graphql`
  mutation PasskeysBeginMutation($input: BeginPasskeyInput!) {
    beginPasskey(input: $input) {
      options
    }
  }
`;
const create = graphql`
  mutation PasskeysCreateMutation($input: CreatePasskeyInput!) {
    createPasskey(input: $input) {
      user {
        id
      }
    }
  }
`;
const rename = graphql`
  mutation PasskeysRenameMutation($input: RenamePasskeyInput!) {
    renamePasskey(input: $input) {
      passkey {
        id
      }
    }
  }
`;
const remove = graphql`
  mutation PasskeysDeleteMutation($input: DeleteMyPasskeyInput!) {
    deleteMyPasskey(input: $input) {
      user {
        id
      }
    }
  }
`;

const password = (
  <TextField
    name="currentPassword"
    label="Your password"
    type="password"
    autoComplete="current-password"
    isOptional
    hint="Empty if you have none here."
  />
);

type Open =
  | { readonly kind: 'add' }
  | { readonly kind: 'rename' | 'delete'; readonly id: string; readonly name: string };

/** Passkeys of the viewer: keys in a phone, a computer or a security key. */
export function Passkeys() {
  const { viewer } = useAnswer<PasskeysQuery>(query, {});
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const passkeys = viewer.user?.passkeys;
  if (!passkeys) return <Empty icon="key" title="You do not have permission to see your passkeys" />;
  const add = (
    <button type="button" className="btn primary" disabled={!hasPasskeys()} onClick={() => setOpen({ kind: 'add' })}>
      <Icon name="plus" />
      Add a passkey
    </button>
  );
  return (
    <div className="body">
      {!hasPasskeys() && <p className="quiet">This browser has no passkeys, or the page does not use HTTPS.</p>}
      {passkeys.length === 0 ? (
        <Empty icon="key" title="No passkeys yet">
          <p>A passkey in your phone or computer signs you in without a password, or is your second factor.</p>
          {add}
        </Empty>
      ) : (
        <>
          <ul className="card list">
            {passkeys.map(({ id, name, createdAt, lastUsedAt, synced }) => (
              <li key={id}>
                <span className="grow">
                  <b>{name}</b> {synced && <span className="badge">synced</span>}
                  <span className="sub quiet">
                    Added <Ago at={createdAt} />
                    {lastUsedAt && (
                      <>
                        , last used <Ago at={lastUsedAt} />
                      </>
                    )}
                  </span>
                </span>
                <button type="button" className="btn sm" onClick={() => setOpen({ kind: 'rename', id, name })}>
                  Rename
                </button>
                <button type="button" className="btn sm danger" onClick={() => setOpen({ kind: 'delete', id, name })}>
                  Remove
                </button>
              </li>
            ))}
          </ul>
          <div className="row gap">{add}</div>
        </>
      )}
      {open?.kind === 'add' && <AddPasskey close={close} />}
      {open?.kind === 'rename' && (
        <FormDialog<PasskeysRenameMutation>
          title={`Rename ${open.name}`}
          mutation={rename}
          submit="Save"
          hasReason={false}
          inputOf={(values) => ({ id: open.id, name: values.text('name') ?? '' })}
          done={close}
          close={close}
        >
          <TextField name="name" label="Name" value={open.name} autoFocus />
        </FormDialog>
      )}
      {open?.kind === 'delete' && (
        <FormDialog<PasskeysDeleteMutation>
          title={`Remove ${open.name}`}
          mutation={remove}
          submit="Remove"
          isDanger
          hasReason={false}
          inputOf={(values) => ({
            id: open.id,
            ...(values.secret('currentPassword') !== '' && { currentPassword: values.secret('currentPassword') }),
          })}
          done={() => {
            close();
            toast('Passkey removed', 'Sessions that began with it have ended.');
          }}
          close={close}
        >
          {password}
        </FormDialog>
      )}
    </div>
  );
}

/** The gateway gives a challenge, the browser creates the key, and the gateway keeps its public part. */
function AddPasskey({ close }: { close: () => void }) {
  const { run, faults } = useAct<PasskeysCreateMutation>(create);
  const [fault, setFault] = useState<string>();
  return (
    <FormDialog<PasskeysBeginMutation>
      title="Add a passkey"
      mutation={begin}
      submit="Go on"
      hasReason={false}
      inputOf={(values) => ({
        ...(values.secret('currentPassword') !== '' && { currentPassword: values.secret('currentPassword') }),
      })}
      done={async ({ beginPasskey }, values) => {
        try {
          const response = await createPasskey(beginPasskey?.options);
          setFault(undefined);
          if (!(await run({ name: values.text('name') ?? '', response }))) return;
          close();
          toast('Passkey added');
        } catch (error) {
          setFault(error instanceof Error ? error.message : String(error));
        }
      }}
      close={close}
    >
      <TextField name="name" label="Name" hint="Where it is, such as Phone or Laptop." autoFocus />
      {password}
      {fault !== undefined && (
        <p className="fault" role="alert">
          <Icon name="alert" />
          <span>{fault}</span>
        </p>
      )}
      <Faults faults={faults} />
    </FormDialog>
  );
}
