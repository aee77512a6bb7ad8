import { checkpointOf } from '../../../audit/checkpoints.ts';
import type { SignedStatement } from '../../../audit/statement.ts';
import type { Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { reachesAll } from './reaches-chain.ts';

const AuditCheckpoint = builder.objectRef<SignedStatement>('AuditCheckpoint').implement({
  description:
    'Signed head of a chain of audit events. Kept outside of the gateway, it later proves that no event up to it was changed or removed. `gatehouse audit verify` checks it.',
  fields: (t) => ({
    seq: t.field({ type: 'BigInt', description: 'Number of the last event.', resolve: ({ seq }) => seq }),
    hash: t.exposeString('hash', { description: 'Hash of the last event.' }),
    at: t.field({ type: 'DateTime', description: 'When it was signed.', resolve: ({ at }) => new Date(at) }),
    keyId: t.exposeString('keyId', { description: 'ID of the signing key in `serverInfo.auditKeys`.' }),
    signature: t.exposeString('signature', { description: 'Ed25519 signature of the statement, as base64url.' }),
    statement: t.field({
      type: 'JSON',
      description: 'The complete checkpoint as one object: a line of the file that `audit verify` reads.',
      resolve: ({ seq, ...statement }) => ({ ...statement, seq: String(seq) }),
    }),
  }),
});

const description =
  'Signed checkpoint of the current head. Null if the chain is empty or the viewer cannot read all of it, since it reveals the number of events.';

async function checkpoint({ db, keys, session }: Context, tenantId: string | undefined) {
  const { where } = session.grant('AUDITLOG:READ', { tenantId });
  if (!reachesAll(where, tenantId ?? '')) return null;
  return (await checkpointOf(db, keys.signing[0], tenantId ?? '')) ?? null;
}

builder.prismaObjectField('Tenant', 'auditCheckpoint', (t) =>
  t.field({
    type: AuditCheckpoint,
    nullable: true,
    description,
    access: 'AUDITLOG:READ',
    scope: ({ id }: Tenant) => ({ tenantId: id }),
    resolve: ({ id }, _args, context) => checkpoint(context, id),
  }),
);
builder.queryField('auditCheckpoint', (t) =>
  t.field({
    type: AuditCheckpoint,
    nullable: true,
    description: `Chain of the instance. ${description}`,
    access: 'AUDITLOG:READ',
    resolve: (_root, _args, context) => checkpoint(context, undefined),
  }),
);
