import type { User } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { CredentialKind, credentialKinds } from '../../../graphql/credential-kind.ts';
import { ViewerRef } from '../../../graphql/viewer-ref.ts';
import { readSubject, Subject } from '../subject-type.ts';

ViewerRef.implement({
  description: 'The caller.',
  fields: (t) => ({
    name: t.string({
      description: 'User name, or name of the service account.',
      resolve: (_viewer, _args, { session }) => session.principal.name,
    }),
    superAdmin: t.boolean({
      description: 'True for a super admin.',
      resolve: (_viewer, _args, { session }) => session.principal.superAdmin,
    }),
    credential: t.field({
      type: CredentialKind,
      description: 'Credential of the request.',
      resolve: (_viewer, _args, { session }) => credentialKinds[session.identity.credential.kind],
    }),
    credentialExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the token or session expires; null if the token never expires, or for a password.',
      resolve: (_viewer, _args, { session }) => session.identity.credential.expiresAt ?? null,
    }),
    impersonatedBy: t.string({
      nullable: true,
      description: 'The real actor, while impersonating.',
      resolve: (_viewer, _args, { session }) => session.identity.impersonator?.name ?? null,
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The user or service account. Null if a service account cannot read itself.',
      resolve: (_viewer, _args, context) => subject(context) as never,
    }),
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description: 'The user with profile and tokens; null for a service account.',
      resolve: (_viewer, _args, context) => ownUser(context),
    }),
  }),
});

const subject = (context: Context) => {
  const { kind, id, homeTenantId } = context.session.principal;
  return readSubject(context, { typename: kind === 'USER' ? 'User' : 'ServiceAccount', id }, homeTenantId);
};
const ownUser = ({ session, db }: Context): Promise<User | null> | null =>
  session.principal.kind === 'USER' ? db.user.findFirst({ where: { id: session.principal.id } }) : null;

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerRef,
    description: 'The caller and its credential.',
    access: 'signed-in',
    resolve: (_root, _args, { session }) => ({ id: session.principal.id }),
  }),
);
