import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { SecondFactorBeginMutation } from '../../generated/SecondFactorBeginMutation.graphql.ts';
import type { SecondFactorCodesMutation } from '../../generated/SecondFactorCodesMutation.graphql.ts';
import type { SecondFactorConfirmMutation } from '../../generated/SecondFactorConfirmMutation.graphql.ts';
import type { SecondFactorQuery } from '../../generated/SecondFactorQuery.graphql.ts';
import type { SecondFactorRemoveMutation } from '../../generated/SecondFactorRemoveMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ActForm, FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Copied } from '../../ui/SecretDialog.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import { QrCode } from './QrCode.tsx';
import { RecoveryCodes } from './RecoveryCodes.tsx';

const query = graphql`
  query SecondFactorQuery {
    viewer {
      user {
        secondFactor {
          kind
          createdAt
          recoveryCodesLeft
        }
      }
    }
  }
`;

const begin = graphql`
  mutation SecondFactorBeginMutation($input: BeginSecondFactorInput!) {
    beginSecondFactor(input: $input) {
      secret
      uri
    }
  }
`;
const confirm = graphql`
  mutation SecondFactorConfirmMutation($input: ConfirmSecondFactorInput!) {
    confirmSecondFactor(input: $input) {
      recoveryCodes
    }
  }
`;
const createCodes = graphql`
  mutation SecondFactorCodesMutation($input: CreateRecoveryCodesInput!) {
    createRecoveryCodes(input: $input) {
      recoveryCodes
    }
  }
`;
const remove = graphql`
  mutation SecondFactorRemoveMutation($input: RemoveMySecondFactorInput!) {
    removeMySecondFactor(input: $input) {
      user {
        id
      }
    }
  }
`;

interface Begun {
  readonly secret: string;
  readonly uri: string;
}

const code = (
  <TextField
    name="code"
    label="Code of your app"
    inputMode="numeric"
    autoComplete="one-time-code"
    placeholder="123456"
    autoFocus
  />
);

/** An app that shows codes. A sign-in by password then asks for one too. */
export function SecondFactor() {
  const { viewer } = useAnswer<SecondFactorQuery>(query, {});
  const [begun, setBegun] = useState<Begun>();
  const [codes, setCodes] = useState<readonly string[]>();
  const factor = viewer.user?.secondFactor;
  if (codes) return <RecoveryCodes codes={codes} done={() => setCodes(undefined)} />;
  if (factor) return <Enrolled factor={factor} show={setCodes} />;
  if (begun)
    return (
      <div className="body two">
        <section aria-label="Confirm your app">
          <div className="section">
            <h2>Scan this code with your app</h2>
          </div>
          <QrCode text={begun.uri} />
          <Copied label="Or type this secret into it" text={begun.secret} />
        </section>
        <div className="form read">
          <ActForm<SecondFactorConfirmMutation>
            mutation={confirm}
            submit="Confirm"
            hasReason={false}
            inputOf={(values) => ({ code: values.text('code') ?? '' })}
            done={({ confirmSecondFactor }) => {
              setBegun(undefined);
              setCodes(confirmSecondFactor?.recoveryCodes ?? []);
            }}
            cancel={() => setBegun(undefined)}
          >
            {code}
          </ActForm>
        </div>
      </div>
    );
  return (
    <div className="body">
      <div className="note">
        <Icon name="lock" />
        <div>
          <b>You have no second factor.</b> An app on your phone shows a code that changes every 30 seconds. A sign-in
          by password then asks for it, so a stolen password is not enough.
        </div>
      </div>
      <div className="form read gap">
        <ActForm<SecondFactorBeginMutation>
          mutation={begin}
          submit="Set it up"
          hasReason={false}
          inputOf={(values) => ({
            ...(values.secret('currentPassword') !== '' && { currentPassword: values.secret('currentPassword') }),
          })}
          done={({ beginSecondFactor }) => {
            const { secret, uri } = beginSecondFactor ?? {};
            if (secret && uri) setBegun({ secret, uri });
          }}
        >
          <TextField
            name="currentPassword"
            label="Your password"
            type="password"
            autoComplete="current-password"
            isOptional
            hint="Empty if you have none here."
          />
        </ActForm>
      </div>
    </div>
  );
}

interface EnrolledProps {
  readonly factor: { readonly createdAt: string; readonly recoveryCodesLeft: number };
  readonly show: (codes: readonly string[]) => void;
}

function Enrolled({ factor: { createdAt, recoveryCodesLeft }, show }: EnrolledProps) {
  const [open, setOpen] = useState<'codes' | 'remove'>();
  const close = () => setOpen(undefined);
  return (
    <div className="body">
      <div className={`note ${recoveryCodesLeft < 3 ? 'warn' : 'ok'}`}>
        <Icon name={recoveryCodesLeft < 3 ? 'alert' : 'check'} />
        <div>
          <b>Your second factor is on</b>, since <Time at={createdAt} />. {recoveryCodesLeft} recovery{' '}
          {recoveryCodesLeft === 1 ? 'code is' : 'codes are'} left.
          {recoveryCodesLeft < 3 && ' Create new ones, so that a lost phone does not lock you out.'}
        </div>
      </div>
      <div className="row gap">
        <button type="button" className="btn" onClick={() => setOpen('codes')}>
          Create new recovery codes…
        </button>
        <button type="button" className="btn danger" onClick={() => setOpen('remove')}>
          Remove the second factor…
        </button>
      </div>
      {open === 'codes' && (
        <FormDialog<SecondFactorCodesMutation>
          title="Create new recovery codes"
          mutation={createCodes}
          submit="Create"
          hasReason={false}
          inputOf={(values) => ({ code: values.text('code') ?? '' })}
          done={({ createRecoveryCodes }) => {
            close();
            show(createRecoveryCodes?.recoveryCodes ?? []);
          }}
          close={close}
        >
          <p>The former codes stop working.</p>
          {code}
        </FormDialog>
      )}
      {open === 'remove' && (
        <FormDialog<SecondFactorRemoveMutation>
          title="Remove your second factor"
          mutation={remove}
          submit="Remove"
          isDanger
          hasReason={false}
          inputOf={(values) => ({ code: values.text('code') ?? '' })}
          done={() => {
            close();
            toast('Second factor removed');
          }}
          close={close}
        >
          <p>Then your password alone signs you in.</p>
          {code}
        </FormDialog>
      )}
    </div>
  );
}
