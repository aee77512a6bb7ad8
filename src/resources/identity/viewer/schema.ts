import type { User } from '../../../db/generated/client.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { CredentialKind } from '../../../graphql/credential-kind.ts';
import { ViewerRef } from '../../../graphql/viewer-ref.ts';
import { readSubject, Subject } from '../subject-type.ts';

ViewerRef.implement({
  description: 'Who asks.',
  fields: (t) => ({
    name: t.string({
      description: 'User name, or name of the service account.',
      resolve: (_viewer, _args, { session }) => session.principal.name,
    }),
    superAdmin: t.boolean({
      description: 'Do they administer the whole instance?',
      resolve: (_viewer, _args, { session }) => session.principal.superAdmin,
    }),
    credential: t.field({
      type: CredentialKind,
      description: 'By what they signed in.',
      resolve: (_viewer, _args, { session }) =>
        session.identity.credential.kind === 'api-token' ? 'API_TOKEN' : 'PASSWORD',
    }),
    credentialExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when the token is valid; null: for ever, or signed in by password.',
      resolve: (_viewer, _args, { session }) => session.identity.credential.expiresAt ?? null,
    }),
    impersonatedBy: t.string({
      nullable: true,
      description: 'Who really acts, while impersonating.',
      resolve: (_viewer, _args, { session }) => session.identity.impersonator?.name ?? null,
    }),
    subject: t.field({
      type: Subject,
      nullable: true,
      description: 'The user or service account; the latter as far as it may read itself.',
      resolve: (_viewer, _args, context) => subject(context) as never,
    }),
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description: 'The user, with profile and tokens; null for a service account.',
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
    description: 'Who am I, and by which means?',
    access: 'signed-in',
    resolve: (_root, _args, { session }) => ({ id: session.principal.id }),
  }),
);
