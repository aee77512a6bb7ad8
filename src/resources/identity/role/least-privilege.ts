import type { Role } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { grouped, PermissionRef } from '../../../graphql/permission-input.ts';
import { type LeastPrivilege, leastPrivilege } from '../../../policy/decisions/least-privilege.ts';

const LeastPrivilegeRef = builder.objectRef<LeastPrivilege>('LeastPrivilege').implement({
  description: 'Unused permissions of a role, and the effect of removing them on recorded decisions.',
  fields: (t) => ({
    since: t.field({
      type: 'DateTime',
      description: 'Start of the analysed period: the requested number of days, limited to the age of the role.',
      resolve: ({ since }) => since,
    }),
    unused: t.field({
      type: [PermissionRef],
      description: 'Permissions that were not used in the period.',
      resolve: ({ unused }) => grouped(unused),
    }),
    narrower: t.field({
      type: [PermissionRef],
      description: 'Permissions of the role without the unused ones.',
      resolve: ({ narrower }) => grouped(narrower),
    }),
    replayed: t.exposeInt('replayed', {
      description: 'Number of recorded decisions of holders of the role that were replayed with the narrower role.',
    }),
    changed: t.exposeInt('changed', {
      description: 'Number of replayed decisions with a different result. 0 means that the narrower role is safe.',
    }),
  }),
});

builder.prismaObjectField('Role', 'leastPrivilege', (t) =>
  t.field({
    type: LeastPrivilegeRef,
    nullable: true,
    description: 'Unused permissions of the role. Requires AUDITLOG READ in the whole tenant.',
    access: { decides: 'AUDITLOG:READ' },
    args: { days: t.arg.int({ defaultValue: 90, description: 'Days to look back (1 to 3,650).' }) },
    resolve: async (role: Role, { days }, { session, db, engine }) => {
      const wanted = days ?? 90;
      if (wanted < 1 || wanted > 3_650) throw badInput(['days'], 'days must be 1 to 3,650.');
      const { tenantId } = role;
      const grant = session.grant('AUDITLOG:READ', { tenantId: tenantId ?? undefined });
      const wholeTenant = { tenantId: tenantId ?? '', namespace: '' };
      if (!grant.matches(wholeTenant)) throw grant.refusalOf(wholeTenant);
      return leastPrivilege(db, engine, role, wanted);
    },
  }),
);
