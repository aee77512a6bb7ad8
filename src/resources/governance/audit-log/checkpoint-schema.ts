import { checkpointOf } from '../../../audit/checkpoints.ts';
import type { SignedStatement } from '../../../audit/statement.ts';
import type { Tenant } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { reachesAll } from './reaches-chain.ts';

const AuditCheckpoint = builder.objectRef<SignedStatement>('AuditCheckpoint').implement({
  description:
    'The head of a chain of audit events at an instant, signed. Kept elsewhere, it proves later that nothing up to it was changed or removed: give it to `gatehouse audit verify`.',
  fields: (t) => ({
    seq: t.field({ type: 'BigInt', description: 'Number of the last event.', resolve: ({ seq }) => seq }),
    hash: t.exposeString('hash', { description: 'Its hash.' }),
    at: t.field({ type: 'DateTime', description: 'When it was signed.', resolve: ({ at }) => new Date(at) }),
    keyId: t.exposeString('keyId', { description: 'Which of the keys of `serverInfo.auditKeys` signed it.' }),
    signature: t.exposeString('signature', { description: 'Ed25519 over the statement, as base64url.' }),
    statement: t.field({
      type: 'JSON',
      description: 'All of it as one object: the `checkpoint` of a line of the file that `audit verify` takes.',
      resolve: ({ seq, ...statement }) => ({ ...statement, seq: String(seq) }),
    }),
  }),
});

const description =
  'A signed checkpoint of this moment; null where there is no event yet, and for who may not read all of the chain: it tells how long it is.';

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
    description: `The chain of the instance. ${description}`,
    access: 'AUDITLOG:READ',
    resolve: (_root, _args, context) => checkpoint(context, undefined),
  }),
);
