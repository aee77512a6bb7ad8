import { Suspense } from 'react';
import { graphql } from 'react-relay/hooks';
import type { RevokeTokenMutation } from '../../generated/RevokeTokenMutation.graphql.ts';
import type { RevokeTokenUsesQuery } from '../../generated/RevokeTokenUsesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Ago } from '../../ui/Time.tsx';
import { toast } from '../../ui/toast.ts';
import type { Token } from './TokenTable.tsx';

const revoke = graphql`
  mutation RevokeTokenMutation($input: RevokeApiTokenInput!) {
    revokeApiToken(input: $input) {
      apiToken {
        id
      }
    }
  }
`;

const usesQuery = graphql`
  query RevokeTokenUsesQuery($id: ID!) {
    node(id: $id) {
      ... on ApiToken {
        recentUses(days: 30) {
          resource
          action
          count
          lastAt
        }
      }
    }
  }
`;

/** Ends a token, after it shows what would stop working. */
export function RevokeToken({ token, close }: { token: Token; close: () => void }) {
  return (
    <FormDialog<RevokeTokenMutation>
      title={`Revoke ${token.name}`}
      mutation={revoke}
      submit="Revoke"
      isDanger
      inputOf={() => ({ id: token.id })}
      done={() => {
        close();
        toast('Token revoked', 'Programs that use it are refused from now on.');
      }}
      close={close}
    >
      <p>
        Every program that uses <code>{token.prefix}…</code> is refused at once. This cannot be undone.
      </p>
      <FaultBoundary>
        <Suspense fallback={<p className="quiet">Looking for recent uses…</p>}>
          <Uses token={token} />
        </Suspense>
      </FaultBoundary>
    </FormDialog>
  );
}

function Uses({ token: { id, lastUsedAt } }: { token: Token }) {
  const { node } = useAnswer<RevokeTokenUsesQuery>(usesQuery, { id });
  const uses = node?.recentUses;
  if (!lastUsedAt)
    return (
      <div className="note ok">
        <Icon name="check" />
        <div>
          <b>It was never used.</b> Nothing stops working.
        </div>
      </div>
    );
  return (
    <section className="stack" aria-label="What stops working">
      <p>
        <b>What stops working.</b> Last used <Ago at={lastUsedAt} />.
      </p>
      {!uses && <p className="quiet">What it was used for is hidden from you: that needs AUDITLOG:READ.</p>}
      {uses?.length === 0 && (
        <p className="quiet">In the last 30 days it changed nothing. Reads are recorded in part only.</p>
      )}
      {uses && uses.length > 0 && (
        <ul className="card list">
          {uses.map(({ resource, action, count, lastAt }) => (
            <li key={`${resource}:${action}`}>
              <code className="grow">
                {resource}:{action}
              </code>
              <span className="quiet">
                {count.toLocaleString()} × in 30 days, last <Ago at={lastAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
