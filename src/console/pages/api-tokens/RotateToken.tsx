import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { RotateTokenMutation } from '../../generated/RotateTokenMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { TokenSecret } from './TokenSecret.tsx';
import type { Token } from './TokenTable.tsx';

const rotate = graphql`
  mutation RotateTokenMutation($input: RotateApiTokenInput!) {
    rotateApiToken(input: $input) {
      fullToken
    }
  }
`;

const overlaps = [
  { value: 'P1D', title: '1 day' },
  { value: 'PT1H', title: '1 hour' },
  { value: 'P7D', title: '7 days' },
  { value: 'P30D', title: '30 days' },
];

/** Replaces a token. For a while both work, so that no program stops. */
export function RotateToken({ token: { id, name }, close }: { token: Token; close: () => void }) {
  const [secret, setSecret] = useState<{ readonly text: string | null | undefined }>();
  if (secret) return <TokenSecret title={`The new token ${name}`} token={secret.text} close={close} />;
  return (
    <FormDialog<RotateTokenMutation>
      title={`Rotate ${name}`}
      mutation={rotate}
      submit="Create the new token"
      inputOf={(values) => ({ id, overlap: values.text('overlap') ?? 'P1D' })}
      done={(answer) => setSecret({ text: answer.rotateApiToken?.fullToken })}
      close={close}
    >
      <p>A new token with the same name and limits replaces this one.</p>
      <SelectField
        name="overlap"
        label="The old token works for another"
        hint="In that time, give the new one to every program that uses it."
        options={overlaps}
      />
    </FormDialog>
  );
}
