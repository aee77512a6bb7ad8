import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { ProfilePasswordMutation } from '../../generated/ProfilePasswordMutation.graphql.ts';
import type { ProfileQuery } from '../../generated/ProfileQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ActForm } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Time } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';

const query = graphql`
  query ProfileQuery {
    viewer {
      credential
      impersonatedBy
      user {
        username
        email
        firstName
        lastName
        authMethods
        authProviders
        createdAt
      }
    }
  }
`;

const change = graphql`
  mutation ProfilePasswordMutation($input: ChangeMyPasswordInput!) {
    changeMyPassword(input: $input) {
      user {
        id
      }
    }
  }
`;

const methods: Readonly<Record<string, string>> = { PASSWORD: 'password', API_TOKEN: 'API tokens' };

export function Profile() {
  const { viewer } = useAnswer<ProfileQuery>(query, {});
  const { user } = viewer;
  const [count, setCount] = useState(0);
  const ways = [...(user?.authMethods ?? []).map((one) => methods[one] ?? one), ...(user?.authProviders ?? [])];
  return (
    <div className="body two">
      <section aria-label="Change your password">
        <div className="section">
          <h2>Change your password</h2>
        </div>
        {user?.authMethods?.includes('PASSWORD') === false ? (
          <p className="quiet">You sign in by {ways.join(', ')}, without a password of this gateway.</p>
        ) : (
          <div className="form read">
            <ActForm<ProfilePasswordMutation>
              key={count}
              mutation={change}
              submit="Change the password"
              hasReason={false}
              inputOf={(values) => ({
                currentPassword: values.secret('currentPassword'),
                newPassword: values.secret('newPassword'),
              })}
              done={() => {
                setCount(count + 1);
                toast('Password changed', 'Your other sessions have ended.');
              }}
            >
              <TextField
                name="currentPassword"
                label="Present password"
                type="password"
                autoComplete="current-password"
              />
              <TextField
                name="newPassword"
                label="New password"
                type="password"
                autoComplete="new-password"
                hint="A long one that you use nowhere else. A few words are good."
              />
            </ActForm>
          </div>
        )}
      </section>
      <dl className="facts">
        <dt>User name</dt>
        <dd>{user?.username}</dd>
        <dt>Name</dt>
        <dd>{[user?.firstName, user?.lastName].filter(Boolean).join(' ') || <span className="quiet">none</span>}</dd>
        <dt>E-mail</dt>
        <dd>{user?.email}</dd>
        <dt>Signs in by</dt>
        <dd>{ways.join(', ')}</dd>
        {user && (
          <>
            <dt>Since</dt>
            <dd>
              <Time at={user.createdAt} />
            </dd>
          </>
        )}
        {viewer.impersonatedBy && (
          <>
            <dt>Impersonated by</dt>
            <dd>{viewer.impersonatedBy}</dd>
          </>
        )}
      </dl>
    </div>
  );
}
