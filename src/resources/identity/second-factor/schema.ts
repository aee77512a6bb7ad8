import { base32, totpUri } from '../../../auth/totp.ts';
import type { SecondFactor, User } from '../../../db/generated/client.ts';
import { afterCommit } from '../../../db/transaction.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { shownOnce } from '../../../graphql/mutation/replay.ts';
import type { PayloadBuilder } from '../../../graphql/mutation/spec.ts';
import { atInstance, byId } from '../../../graphql/mutation/target.ts';
import { SecondFactorKindEnum } from '../../../graphql/session-method.ts';
import { assertOwnOrInstance } from '../user/own-or-instance.ts';
import { checkedCode, type RightCode } from './code.ts';
import { assertOwner } from './owner.ts';
import * as factors from './service.ts';

const SecondFactorRef = builder.objectRef<SecondFactor>('SecondFactor').implement({
  description: 'The second factor of a user, which sign-ins by password ask for.',
  fields: (t) => ({
    kind: t.field({ type: SecondFactorKindEnum, description: 'Its kind.', resolve: () => 'TOTP' as const }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was enrolled.',
      resolve: ({ confirmedAt }) => confirmedAt!,
    }),
    recoveryCodesLeft: t.int({
      description: 'Number of recovery codes that were not used.',
      resolve: ({ recoveryHashes }) => recoveryHashes.length,
    }),
  }),
});

builder.prismaObjectField('User', 'secondFactor', (t) =>
  t.field({
    type: SecondFactorRef,
    nullable: true,
    access: { decides: 'USER:READ' },
    description: 'The second factor. Null if the user has none.',
    resolve: (user, _args, { session, db }) => {
      assertOwnOrInstance(user, { session });
      return db.secondFactor.findFirst({ where: { userId: user.id, confirmedAt: { not: null } } });
    },
  }),
);

/** Checks a code of the caller before the transaction, which uses it. */
async function given(code: string, { session, store, keys }: Context): Promise<{ right: RightCode | undefined }> {
  factors.assertPerson(session);
  const { id: userId } = session.principal;
  const { usernameKey: account } = await store.prisma.user.findFirstOrThrow({ where: { id: userId } });
  const giver = { userId, account, address: session.ip ?? 'unknown', requestId: session.requestId };
  const right = await checkedCode({ store, keys }, giver, code);
  if (!right) throw factors.wrongCode();
  return { right };
}

mutation('beginSecondFactor', {
  description:
    'Creates the secret of a second factor (TOTP) for the viewer. It takes effect with confirmSecondFactor, which asks for a code of it.',
  permission: 'USER:READ',
  input: (t) => ({
    currentPassword: t.string({
      description: 'The current password. Omit for a user without one, who must have signed in within ten minutes.',
    }),
  }),
  target: atInstance,
  prepare: async ({ currentPassword }, _target, context) => {
    await assertOwner(currentPassword, context);
    return {};
  },
  run: (tx, grant, _input, _target, { keys }) => factors.beginSecondFactor(tx, grant, keys),
  payload: (t) => ({
    secret: t.string({
      nullable: true,
      description:
        'The secret in Base32, returned only once. Null in a dry run and when an idempotencyKey repeats the request.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? base32(result.secret) : null),
    }),
    uri: t.string({
      nullable: true,
      description: 'The same as an otpauth URI, for a QR code. Null like the secret.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? totpUri(result.secret, result.user.username) : null),
    }),
  }),
});

const recovery = (builderOfField: object) => {
  const t = builderOfField as PayloadBuilder<factors.Recovery>;
  return {
    recoveryCodes: t.stringList({
      nullable: true,
      description:
        'Codes that work once each without the app, returned only once. Null in a dry run and when an idempotencyKey repeats the request.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? [...result.codes] : null),
    }),
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description: 'The viewer.',
      resolve: ({ result }) => result.user,
    }),
  };
};

mutation('confirmSecondFactor', {
  description:
    'Puts the second factor of the viewer in force. From then on, a sign-in by password asks for a code, and Basic authentication is refused.',
  permission: 'USER:READ',
  input: (t) => ({ code: t.string({ required: true, description: 'The present code of the app.' }) }),
  target: atInstance,
  prepare: ({ code }, _target, context) => given(code, context),
  run: (tx, grant, { right }, _target, { session }) => {
    afterCommit(tx, () => session.rotate());
    return factors.confirmSecondFactor(tx, grant, right);
  },
  payload: recovery,
});

mutation('createRecoveryCodes', {
  description: 'Replaces the recovery codes of the viewer. The former ones no longer work.',
  permission: 'USER:READ',
  input: (t) => ({
    code: t.string({ required: true, description: 'The present code of the app, or a recovery code.' }),
  }),
  target: atInstance,
  prepare: ({ code }, _target, context) => given(code, context),
  run: (tx, grant, { right }) => factors.createRecoveryCodes(tx, grant, right),
  payload: recovery,
});

mutation('removeMySecondFactor', {
  description: 'Removes the second factor of the viewer.',
  permission: 'USER:READ',
  input: (t) => ({
    code: t.string({ required: true, description: 'The present code of the app, or a recovery code.' }),
  }),
  target: atInstance,
  prepare: ({ code }, _target, context) => given(code, context),
  run: (tx, grant, { right }) => factors.removeMySecondFactor(tx, grant, right),
  payload: (t) => ({ user: changed<User>(t, refOf('User') as never, 'The viewer.') }),
});

mutation('removeSecondFactor', {
  description:
    'Removes the second factors of a user who has lost them: the app and all passkeys. The user then signs in by password alone.',
  permission: 'USER:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the user.' }) }),
  target: ({ id }, context) => byId('USER', 'User', id, context),
  run: (tx, grant, _input, { id }) => factors.removeSecondFactor(tx, grant, id),
  payload: (t) => ({ user: changed<User>(t, refOf('User') as never, 'The user.') }),
});
