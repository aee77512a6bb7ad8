import { SecretDialog } from '../../ui/SecretDialog.tsx';

export interface TokenSecretProps {
  readonly title: string;
  readonly token: string | null | undefined;
  readonly close: () => void;
}

/** The new token, once, and a command that tries it. */
export function TokenSecret({ title, token, close }: TokenSecretProps) {
  const command = `curl -s ${location.origin}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '{"query":"{ viewer { name } }"}'`;
  return (
    <SecretDialog
      title={title}
      secret={token}
      lost="The token was created, but its secret was lost with the connection. Rotate the token to get a new one."
      more={[{ label: 'Try it', text: command }]}
      close={close}
    />
  );
}
