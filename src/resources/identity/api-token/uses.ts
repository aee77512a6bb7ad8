import type { ApiToken } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { permissionFields } from '../../../graphql/permission-input.ts';
import { type TokenUse, usesOfToken } from '../../../policy/decisions/token-uses.ts';

const dayMs = 86_400_000;

const TokenUseRef = builder.objectRef<TokenUse>('TokenUse').implement({
  description: 'Uses of an API token for one permission.',
  fields: (t) => ({
    ...permissionFields<TokenUse>(t, ({ permission }) => permission),
    count: t.exposeInt('count', { description: 'Number of recorded uses.' }),
    lastAt: t.field({
      type: 'DateTime',
      description: 'Time of the last recorded use.',
      resolve: ({ lastAt }) => lastAt,
    }),
  }),
});

builder.prismaObjectField('ApiToken', 'recentUses', (t) =>
  t.field({
    type: [TokenUseRef],
    nullable: true,
    description:
      'What the token was used for, most recent first: changes, refusals, and a sample of reads, from recorded decisions. For a token of another owner, it requires AUDITLOG READ in the whole tenant.',
    access: { decides: 'AUDITLOG:READ' },
    columns: ['id', 'principalId', 'tenantId'],
    args: { days: t.arg.int({ defaultValue: 30, description: 'Days to look back (1 to 365).' }) },
    resolve: async ({ id, principalId, tenantId }: ApiToken, { days }, { session, db }) => {
      const wanted = days ?? 30;
      if (wanted < 1 || wanted > 365) throw badInput(['days'], 'days must be 1 to 365.');
      if (principalId !== session.principal.id) {
        const grant = session.grant('AUDITLOG:READ', { tenantId: tenantId ?? undefined });
        const wholeTenant = { tenantId: tenantId ?? '', namespace: '' };
        if (!grant.matches(wholeTenant)) throw grant.refusalOf(wholeTenant);
      }
      return usesOfToken(db, id, new Date(Date.now() - wanted * dayMs));
    },
  }),
);
