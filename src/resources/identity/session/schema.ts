import type { SecondFactorKind, SessionMethodName } from '../../../auth/methods.ts';
import { idleEnd } from '../../../auth/sessions.ts';
import type { Session, User } from '../../../db/generated/client.ts';
import { notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, refOf } from '../../../graphql/connection/connection-type.ts';
import { loadRow } from '../../../graphql/connection/loaders.ts';
import type { Context } from '../../../graphql/context.ts';
import { viewerPermissions } from '../../../graphql/guarded.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { byId, type Target } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId, registerNode } from '../../../graphql/node.ts';
import { SecondFactorKindEnum, SessionMethod } from '../../../graphql/session-method.ts';
import { ViewerRef } from '../../../graphql/viewer-ref.ts';
import { refusal } from '../../../policy/decide/decision.ts';
import { readSubject } from '../subject-type.ts';
import { revokeSession, revokeSessions } from './service.ts';

const isCurrent = ({ id }: Session, { session }: Context): boolean => session.identity.credential.id === id;

const SessionRef = builder.prismaNode('Session', {
  description: 'A sign-in of a user in a browser. It no longer exists when it has ended.',
  id: { field: 'id' },
  fields: (t) => ({
    user: t.field({
      type: refOf('User'),
      nullable: true,
      select: { principalId: true },
      description: 'The user. Null if the viewer cannot read them.',
      resolve: ({ principalId }, _args, context) =>
        readSubject(context, { typename: 'User', id: principalId }, null) as Promise<User | null>,
    }),
    method: t.field({
      type: SessionMethod,
      select: { method: true },
      description: 'How the user signed in.',
      resolve: ({ method }) => method as SessionMethodName,
    }),
    provider: t.exposeString('provider', {
      nullable: true,
      description: 'Name of the provider. Null for a sign-in by password or passkey.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user signed in.' }),
    provedAt: t.expose('provedAt', {
      type: 'DateTime',
      description: 'When the user last proved who they are: the sign-in, or a step-up.',
    }),
    secondFactor: t.field({
      type: SecondFactorKindEnum,
      nullable: true,
      select: { secondFactor: true },
      description: 'The second factor that the user gave last in the session. Null for none.',
      resolve: ({ secondFactor }) => secondFactor as SecondFactorKind | null,
    }),
    secondFactorAt: t.expose('secondFactorAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the user gave it.',
    }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'Time of the last request, to the minute.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it expires, regardless of its use.' }),
    idleExpiresAt: t.field({
      type: 'DateTime',
      select: { lastSeenAt: true, expiresAt: true },
      description: 'When it expires without another request.',
      resolve: (session, _args, { sessionTimes }) => new Date(idleEnd(session, sessionTimes)),
    }),
    ip: t.exposeString('ip', { nullable: true, description: 'IP address of the sign-in.' }),
    userAgent: t.exposeString('userAgent', {
      nullable: true,
      description: 'The browser, as it describes itself: the User-Agent header of the sign-in.',
    }),
    isCurrent: t.boolean({
      select: { id: true },
      description: 'True for the session of this request.',
      resolve: (session, _args, context) => isCurrent(session as Session, context),
    }),
    viewerPermissions: viewerPermissions<Session>(t, 'SESSION', () => ({})),
  }),
});
registerNode({ typename: 'Session', resource: 'SESSION' });

/**
 * Every user can list their own sessions. A caller who can list only those is refused the sessions of others: an empty
 * list would claim that none exist. @throws FORBIDDEN.
 */
function assertOpen(principalId: string, { session }: Context): void {
  const grant = session.may('SESSION:READ');
  if (grant && !grant.matches({ principalId })) throw refusal(session.decide('SESSION:READ'));
}

const SessionConnection = connectionType('Session', SessionRef);
const listed = (description: string) => ({
  connection: SessionConnection,
  description,
  permission: 'SESSION:READ' as const,
  scopes: ({ id }: { id: string }, context: Context) => {
    assertOpen(id, context);
    return {};
  },
  model: 'Session',
  // The ID of a user is the ID of its principal.
  within: ({ id }: { id: string }) => ({ principalId: id }),
});

builder.prismaObjectField('User', 'sessions', (t) => connection(t, listed('Sessions of the user.')));
builder.objectField(ViewerRef, 'sessions', (t) => connection(t, listed('Sessions of the viewer.')));
builder.queryField('sessions', (t) =>
  connection(t, {
    connection: SessionConnection,
    description:
      'Sessions of all users, the newest first. Without SESSION:READ at the instance level, those of the viewer.',
    permission: 'SESSION:READ',
    scopes: () => ({}),
    model: 'Session',
    within: () => ({}),
    defaultOrder: { column: 'id', descending: true },
  }),
);

mutation('revokeSession', {
  description: 'Ends a session immediately. Its open subscriptions end within two seconds.',
  permission: 'SESSION:DELETE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the session.' }) }),
  target: ({ id }, context) => byId('SESSION', 'Session', id, context),
  run: (tx, grant, _input, { id }) => revokeSession(tx, grant, id),
  payload: (t) => ({
    deletedId: t.id({
      description: 'ID of the deleted object.',
      resolve: ({ result }) => globalId('Session', result.id),
    }),
  }),
});

/** A user whom the caller can neither read nor sign out is reported as missing, like one that does not exist. */
async function ofUser(user: string | number | null | undefined, context: Context): Promise<Target & { id: string }> {
  const { session } = context;
  const own = session.principal.id;
  const id = user == null ? own : decodeId(String(user), ['User'], ['input', 'user']).id;
  const row = await loadRow<User>(context, 'User', id);
  const mayEnd = session.may('SESSION:DELETE')?.matches({ principalId: id }) === true;
  const isKnown = mayEnd || (row !== null && session.can('USER:READ', { ...row }));
  if (!row || !isKnown) throw notFound('The user');
  return { scope: {}, tenant: null, id, resource: 'USER' };
}

mutation('revokeSessions', {
  description: 'Signs a user out everywhere: ends all of their sessions. API tokens and passwords stay valid.',
  permission: 'SESSION:DELETE',
  input: (t) => ({
    user: t.id({ description: 'ID of the user. Omit for the viewer.' }),
    keepCurrent: t.boolean({ description: 'True to keep the session of this request.' }),
  }),
  target: ({ user }, context) => ofUser(user, context),
  run: async (tx, grant, { keepCurrent }, { id }) => {
    return { count: await revokeSessions(tx, grant, id, keepCurrent ? grant.credential.id : undefined) };
  },
  payload: (t) => ({
    count: t.int({ description: 'Number of ended sessions.', resolve: ({ result }) => result.count }),
  }),
});
