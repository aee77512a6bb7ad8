import { z } from 'zod';
import type { User } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { refOf } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId } from '../../../graphql/mutation/target.ts';
import { assertOwnOrInstance } from '../user/own-or-instance.ts';
import { linkIdentity, maxIdentities, unlinkIdentity } from './identity.ts';

const UserIdentityRef = builder.prismaObject('UserIdentity', {
  description: 'A person at a provider, who signs in as the user.',
  fields: (t) => ({
    issuer: t.exposeString('issuer', { description: 'Issuer of the tokens of the provider.' }),
    subject: t.exposeString('subject', { description: 'ID of the person at the provider: the claim sub.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the identity was linked.' }),
  }),
});

builder.prismaObjectField('User', 'identities', (t) =>
  t.field({
    type: [UserIdentityRef],
    nullable: true,
    access: { decides: 'USER:READ' },
    description: `Persons at providers who sign in as the user, at most ${maxIdentities}.`,
    resolve: (user, _args, { session, db }) => {
      assertOwnOrInstance(user, { session });
      return db.userIdentity.findMany({ where: { userId: user.id }, orderBy: { id: 'asc' } });
    },
  }),
);

const subject = z
  .string()
  .min(1, 'A subject cannot be empty.')
  .max(255, 'A subject can have at most 255 characters.')
  .regex(/^[^\0]*$/, 'A subject cannot contain NUL characters.');
const ofUser = ({ id }: { id: string | number }, context: Context) => byId('USER', 'User', id, context);

mutation('linkUserIdentity', {
  description:
    'Lets a person of a provider sign in as the user, and adds the provider to the sign-in methods of the user. Requires all permissions of the user.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the user.' }),
    provider: t.string({ required: true, description: 'Name of the provider.' }),
    subject: t.string({
      required: true,
      description: 'ID of the person at the provider: the claim sub. The audit event of a refused sign-in has it.',
    }),
  }),
  rules: z.looseObject({ subject }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, { provider, subject }, { id }, { providers }) => {
    const known = providers.get(provider);
    if (!known) throw badInput(['input', 'provider'], `The provider ${provider} does not exist.`);
    return linkIdentity(tx, grant, id, provider, { issuer: known.settings.issuer, subject });
  },
  payload: (t) => ({ user: changed<User>(t, refOf('User') as never, 'The updated user.') }),
});

mutation('unlinkUserIdentity', {
  description: 'Ends the link between a person of a provider and the user, and the sessions that began with it.',
  permission: 'USER:UPDATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the user.' }),
    issuer: t.string({ required: true, description: 'Issuer of the identity.' }),
    subject: t.string({ required: true, description: 'Subject of the identity.' }),
  }),
  target: (input, context) => ofUser(input, context),
  run: (tx, grant, person, { id }) => unlinkIdentity(tx, grant, id, person),
  payload: (t) => ({ user: changed<User>(t, refOf('User') as never, 'The updated user.') }),
});
