import { refOf } from '../../../graphql/connection/connection-type.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { shownOnce } from '../../../graphql/mutation/replay.ts';
import { byId } from '../../../graphql/mutation/target.ts';
import { createPasswordLink } from './service.ts';

mutation('createPasswordLink', {
  description:
    'Creates a link by which a user sets a new password, for the caller to pass on. Requires all permissions of the user, now and when the link is used. All sessions of the user then end.',
  permission: 'USER:UPDATE',
  input: (t) => ({ id: t.id({ required: true, description: 'ID of the user.' }) }),
  target: ({ id }, context) => byId('USER', 'User', id, context),
  run: (tx, grant, _input, { id }, services) => createPasswordLink(tx, grant, services, id),
  payload: (t) => ({
    user: t.field({
      type: refOf('User'),
      nullable: true,
      description: 'The user.',
      resolve: ({ result }) => result.user,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the link expires.',
      resolve: ({ result }) => result.expiresAt,
    }),
    link: t.string({
      nullable: true,
      description: 'The link, returned only once. Null in a dry run and when an idempotencyKey repeats the request.',
      ...shownOnce,
      resolve: ({ result, changes }) => (changes === null ? result.link : null),
    }),
  }),
});
