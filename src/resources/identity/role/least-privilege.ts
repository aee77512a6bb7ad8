import type { Role } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { grouped, PermissionRef } from '../../../graphql/permission-input.ts';
import { type LeastPrivilege, leastPrivilege } from '../../../policy/decisions/least-privilege.ts';

const LeastPrivilegeRef = builder.objectRef<LeastPrivilege>('LeastPrivilege').implement({
  description: 'What of a role nobody used, and the proof that nobody would have missed it.',
  fields: (t) => ({
    since: t.field({
      type: 'DateTime',
      description: 'Since when uses were looked at: the days that were asked for, or as long as the role exists.',
      resolve: ({ since }) => since,
    }),
    unused: t.field({
      type: [PermissionRef],
      description: 'Its permissions that served nobody since then.',
      resolve: ({ unused }) => grouped(unused),
    }),
    narrower: t.field({
      type: [PermissionRef],
      description: 'The role without them.',
      resolve: ({ narrower }) => grouped(narrower),
    }),
    replayed: t.exposeInt('replayed', {
      description: 'How many recorded decisions of those who hold the role were made again with the narrower one.',
    }),
    changed: t.exposeInt('changed', {
      description: 'How many of them would have ended otherwise: 0 is the proof.',
    }),
  }),
});

builder.prismaObjectField('Role', 'leastPrivilege', (t) =>
  t.field({
    type: LeastPrivilegeRef,
    nullable: true,
    description: "Which of the role's permissions nobody used lately. Takes AUDITLOG READ in the whole tenant.",
    access: { decides: 'AUDITLOG:READ' },
    args: { days: t.arg.int({ defaultValue: 90, description: 'How far to look back (1 to 3,650).' }) },
    resolve: async (role: Role, { days }, { session, db, engine }) => {
      const wanted = days ?? 90;
      if (wanted < 1 || wanted > 3_650) throw badInput(['days'], 'From 1 to 3,650 days.');
      const { tenantId } = role;
      const grant = session.grant('AUDITLOG:READ', { tenantId: tenantId ?? undefined });
      const wholeTenant = { tenantId: tenantId ?? '', namespace: '' };
      if (!grant.matches(wholeTenant)) throw grant.refusalOf(wholeTenant);
      return leastPrivilege(db, engine, role, wanted);
    },
  }),
);
