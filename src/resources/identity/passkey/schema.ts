import { z } from 'zod';
import { siteOf } from '../../../auth/passkeys/site.ts';
import {
  challengeIn,
  creationOptions,
  registrationResponse,
  verifyRegistration,
} from '../../../auth/passkeys/webauthn.ts';
import type { Passkey, User } from '../../../db/generated/client.ts';
import { afterCommit } from '../../../db/transaction.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { shownOnce } from '../../../graphql/mutation/replay.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { decodeId, globalId } from '../../../graphql/node.ts';
import type { Json } from '../../../lib/json.ts';
import { displayName } from '../../rules.ts';
import { assertOwner } from '../second-factor/owner.ts';
import { assertPerson } from '../second-factor/service.ts';
import { assertOwnOrInstance } from '../user/own-or-instance.ts';
import { newChallenge, openChallenge, storeChallenge } from './challenge.ts';
import * as passkeys from './service.ts';

const PasskeyRef = builder.objectRef<Passkey>('Passkey').implement({
  description: 'A passkey of a user (WebAuthn): a second factor after a password, or a whole sign-in.',
  fields: (t) => ({
    id: t.id({ description: 'The ID.', resolve: ({ id }) => globalId('Passkey', id) }),
    name: t.exposeString('name', { description: 'The name that the user gave it.' }),
    synced: t.exposeBoolean('synced', { description: 'True if the authenticator keeps it on several devices.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was enrolled.' }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true, description: 'When it was last used.' }),
  }),
});

builder.prismaObjectField('User', 'passkeys', (t) =>
  t.field({
    type: [PasskeyRef],
    nullable: true,
    access: { decides: 'USER:READ' },
    description: `Passkeys of the user, at most ${passkeys.maxPasskeys}.`,
    resolve: (user, _args, { session, db }) => {
      assertOwnOrInstance(user, { session });
      return db.passkey.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } });
    },
  }),
);

const idOf = (id: string | number): string => decodeId(String(id), ['Passkey'], ['input', 'id']).id;
const named = z.looseObject({ name: displayName });
const currentPassword =
  'The current password. Omit for a user without one, who must have signed in within ten minutes.';

async function begun(password: string | null | undefined, context: Context) {
  const { session, db, links, origins } = context;
  await assertOwner(password, context);
  const { id, name: username } = session.principal;
  const site = siteOf(links, origins);
  const present = await db.passkey.findMany({ where: { userId: id } });
  passkeys.assertRoomFor(present);
  const challenge = newChallenge();
  return { challenge, options: (await creationOptions(site, challenge, { id, username }, present)) as unknown as Json };
}

mutation('beginPasskey', {
  description:
    'Returns what a browser needs to create a passkey for the viewer: PublicKeyCredential.parseCreationOptionsFromJSON reads it. createPasskey must follow within five minutes.',
  permission: 'USER:READ',
  input: (t) => ({ currentPassword: t.string({ description: currentPassword }) }),
  target: atInstance,
  prepare: ({ currentPassword: password }, _target, context) => begun(password, context),
  run: async (tx, grant, { challenge, options }, _target, { keys, session }) => {
    await storeChallenge(tx, keys, challenge, { purpose: 'ENROL', userId: grant.doer.id, ip: session.ip });
    await passkeys.beginPasskey(tx, grant);
    return { options };
  },
  payload: (t) => ({
    options: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The options. Null in a dry run and when an idempotencyKey repeats the request.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? result.options : null),
    }),
  }),
});

/** Verifies a new passkey before the transaction, which uses its challenge. */
async function verified(given: unknown, { session, store, keys, links, origins }: Context) {
  assertPerson(session);
  const { data } = registrationResponse.safeParse(given);
  const challenge = data && challengeIn(data);
  const open = await openChallenge({ store, keys }, challenge);
  const isOwn = open?.purpose === 'ENROL' && open.userId === session.principal.id;
  const made = data && isOwn ? await verifyRegistration(siteOf(links, origins), challenge!, data) : undefined;
  if (!made) throw passkeys.invalidPasskey();
  return { made, challenge: open! };
}

const passkeyField = (description: string) => ({
  type: PasskeyRef,
  nullable: true,
  description,
  resolve: ({ result }: { result: { passkey: Passkey } }) => result.passkey,
});

mutation('createPasskey', {
  description:
    'Adds a passkey to the viewer. From then on, a sign-in by password asks for a second factor, and Basic authentication is refused.',
  permission: 'USER:READ',
  input: (t) => ({
    name: t.string({ required: true, description: 'A name for it, such as that of the device.' }),
    response: t.field({
      type: 'JSON',
      required: true,
      description: 'What the browser returned: PublicKeyCredential.toJSON().',
    }),
  }),
  rules: named,
  target: atInstance,
  prepare: ({ response }, _target, context) => verified(response, context),
  run: (tx, grant, { name, made, challenge }, _target, { session }) => {
    afterCommit(tx, () => session.rotate());
    return passkeys.addPasskey(tx, grant, { name, made, challenge });
  },
  payload: (t) => ({
    passkey: t.field(passkeyField('The new passkey.')),
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description: 'The viewer.',
      resolve: ({ result }) => result.user,
    }),
  }),
});

mutation('renamePasskey', {
  description: 'Renames a passkey of the viewer.',
  permission: 'USER:READ',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the passkey.' }),
    name: t.string({ required: true, description: 'The new name.' }),
  }),
  rules: named,
  target: atInstance,
  prepare: (_input, _target, { session }) => {
    assertPerson(session);
    return Promise.resolve({});
  },
  run: (tx, grant, { id, name }) => passkeys.renamePasskey(tx, grant, idOf(id), name),
  payload: (t) => ({ passkey: t.field(passkeyField('The renamed passkey.')) }),
});

mutation('deleteMyPasskey', {
  description: 'Removes a passkey of the viewer, and ends other sessions that began with it.',
  permission: 'USER:READ',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the passkey.' }),
    currentPassword: t.string({ description: currentPassword }),
  }),
  target: atInstance,
  prepare: async ({ currentPassword: password }, _target, context) => {
    await assertOwner(password, context);
    return {};
  },
  run: (tx, grant, { id }) => passkeys.removeMyPasskey(tx, grant, idOf(id)),
  payload: (t) => ({ user: changed<User>(t, refOf('User') as never, 'The viewer.') }),
});
