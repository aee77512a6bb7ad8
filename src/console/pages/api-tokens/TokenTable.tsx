import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { TokenTable_tokens$data, TokenTable_tokens$key } from '../../generated/TokenTable_tokens.graphql.ts';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Subject } from '../../ui/Subject.tsx';
import { Ago, Time } from '../../ui/Time.tsx';
import { RevokeToken } from './RevokeToken.tsx';
import { RotateToken } from './RotateToken.tsx';

const fragment = graphql`
  fragment TokenTable_tokens on ApiTokenConnection {
    nodes {
      id
      name
      description
      prefix
      createdAt
      expiresAt
      expired
      extended
      lastUsedAt
      revokedAt
      viewerPermissions
      owner {
        ...Subject_subject
      }
      ceiling {
        tenantKey
        namespaceName
        permissions {
          resource
          actions
        }
      }
    }
    pageInfo {
      ...DataTable_pageInfo
    }
  }
`;

export type Token = TokenTable_tokens$data['nodes'][number];

export interface TokenTableProps {
  readonly tokens: TokenTable_tokens$key;
  readonly isOwn: boolean;
  /** True for the tokens of many accounts. */
  readonly ofMany: boolean;
}

export function TokenTable({ tokens: key, isOwn, ofMany }: TokenTableProps) {
  const tokens = useFragment(fragment, key);
  const [act, setAct] = useState<{ readonly kind: 'rotate' | 'revoke'; readonly token: Token }>();
  const close = () => setAct(undefined);
  return (
    <>
      <DataTable
        caption="API tokens"
        columns={[...(ofMany ? [ownerColumn] : []), ...columnsOf((kind, token) => setAct({ kind, token }))]}
        rows={tokens.nodes}
        keyOf={({ id }) => id}
        pageInfo={tokens.pageInfo}
        empty={{
          icon: 'key',
          title: 'No API tokens yet',
          text: (
            <p>
              {isOwn
                ? 'A token lets a script act as you, until it expires or you revoke it.'
                : 'A token lets a program act as this account, until it expires or is revoked.'}
            </p>
          ),
        }}
      />
      {act?.kind === 'rotate' && <RotateToken token={act.token} close={close} />}
      {act?.kind === 'revoke' && <RevokeToken token={act.token} close={close} />}
    </>
  );
}

const isOver = ({ expired, revokedAt }: Token): boolean => expired || revokedAt != null;

function State({ token: { expired, revokedAt } }: { token: Token }) {
  if (revokedAt != null) return <span className="badge fail">Revoked</span>;
  return expired ? <span className="badge">Expired</span> : <span className="badge ok">Active</span>;
}

const placeOf = ({ ceiling }: Token): string => {
  if (!ceiling) return 'as its owner';
  if (ceiling.length === 0) return 'nothing';
  return ceiling
    .map(({ tenantKey, namespaceName, permissions }) => {
      const count = permissions.reduce((sum, { actions }) => sum + actions.length, 0);
      return `${count} ${count === 1 ? 'permission' : 'permissions'} in ${namespaceName ?? tenantKey ?? 'the instance'}`;
    })
    .join(', ');
};

const ownerColumn: Column<Token> = { title: 'Acts as', cell: ({ owner }) => <Subject subject={owner} /> };

const columnsOf = (act: (kind: 'rotate' | 'revoke', token: Token) => void): readonly Column<Token>[] => [
  {
    title: 'Token',
    className: 'main-cell fluid',
    cell: (token) => (
      <>
        {token.name} <code className="quiet">{token.prefix}…</code>
        <span className="sub">{token.description ?? `Can do: ${placeOf(token)}`}</span>
      </>
    ),
  },
  { title: 'State', cell: (token) => <State token={token} /> },
  {
    title: 'Last use',
    className: 'p2',
    cell: ({ lastUsedAt }) => (lastUsedAt ? <Ago at={lastUsedAt} /> : <span className="quiet">never</span>),
  },
  { title: 'Age', className: 'p3', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    title: 'Expires',
    className: 'p2',
    cell: ({ expiresAt, extended }) =>
      expiresAt ? (
        <>
          <Time at={expiresAt} /> {extended && <span className="quiet">extended by use</span>}
        </>
      ) : (
        <span className="quiet">never</span>
      ),
  },
  {
    title: 'Actions',
    className: 'end',
    cell: (token) =>
      isOver(token) ? null : (
        <span className="row acts">
          <ActionButton
            permission={needs.rotateApiToken}
            isAllowed={token.viewerPermissions.includes('UPDATE')}
            className="sm"
            icon="restart"
            label={`Rotate ${token.name}`}
            onPress={() => act('rotate', token)}
          >
            <span className="p2">Rotate</span>
          </ActionButton>
          <ActionButton
            permission={needs.revokeApiToken}
            isAllowed={token.viewerPermissions.includes('DELETE')}
            className="sm danger"
            icon="x"
            label={`Revoke ${token.name}`}
            onPress={() => act('revoke', token)}
          >
            <span className="p2">Revoke</span>
          </ActionButton>
        </span>
      ),
  },
];
