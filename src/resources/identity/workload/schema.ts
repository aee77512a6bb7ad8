import { z } from 'zod';
import { subjectFault } from '../../../auth/workload/subject.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { byId } from '../../../graphql/mutation/target.ts';
import { globalId } from '../../../graphql/node.ts';
import { addTrust, maxTrusts, removeTrust } from './service.ts';

const WorkloadTrustRef = builder.prismaObject('WorkloadTrust', {
  description: 'Tokens of an OpenID issuer that sign in as the service account, such as those of CI jobs.',
  fields: (t) => ({
    issuer: t.exposeString('issuer', { description: 'Issuer of the tokens: the claim iss.' }),
    audience: t.exposeString('audience', { description: 'Audience of the tokens: the claim aud.' }),
    subject: t.exposeString('subject', {
      description:
        'Subject of the tokens: the claim sub, or a pattern in which * stands for characters except / and :.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the trust was added.' }),
  }),
});

builder.prismaObjectField('ServiceAccount', 'trusts', (t) =>
  t.field({
    type: [WorkloadTrustRef],
    nullable: true,
    access: { decides: 'API_TOKEN:READ' },
    description: `Issuers whose tokens sign in as the account, at most ${maxTrusts}.`,
    resolve: ({ id, tenantId }, _args, { session, db }) => {
      const row = { principalId: id, tenantId };
      const grant = session.grant('API_TOKEN:READ', { tenantId: tenantId ?? undefined });
      if (!grant.matches(row)) throw grant.refusalOf(row);
      return db.workloadTrust.findMany({ where: { serviceAccountId: id }, orderBy: { id: 'asc' } });
    },
  }),
);

const rules = z.looseObject({
  audience: z
    .string()
    .min(1, 'An audience cannot be empty.')
    .max(255, 'An audience can have at most 255 characters.')
    .regex(/^[^\p{Cc}]*$/u, 'An audience cannot contain control characters.'),
  subject: z.string().superRefine((text, ctx) => {
    const message = subjectFault(text);
    if (message !== undefined) ctx.addIssue({ code: 'custom', message });
  }),
});
const ofAccount = ({ id }: { id: string | number }, context: Context) =>
  byId('SERVICE_ACCOUNT', 'ServiceAccount', id, context);

function assertKnown(issuer: string, { workloadIssuers }: Context): void {
  if (workloadIssuers.includes(issuer)) return;
  throw badInput(
    ['input', 'issuer'],
    'The gateway does not accept this issuer. An operator adds it to signIn.workloadIssuers.',
  );
}

mutation('addWorkloadTrust', {
  description:
    'Lets tokens of an OpenID issuer sign in as a service account, such as those of CI jobs. Requires all permissions of the account.',
  permission: 'API_TOKEN:CREATE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the service account.' }),
    issuer: t.string({ required: true, description: 'Issuer of the tokens, as in signIn.workloadIssuers.' }),
    audience: t.string({
      required: true,
      description: 'Audience of the tokens. Only one service account can have an audience of an issuer.',
    }),
    subject: t.string({
      required: true,
      description:
        'Subject of the tokens. A * in a part between / and : stands for one or more characters; the first part has none.',
    }),
  }),
  rules,
  target: async (input, context) => ({ ...(await ofAccount(input, context)), resource: 'SERVICE_ACCOUNT' as const }),
  run: (tx, grant, input, { tenant, id }, context) => {
    assertKnown(input.issuer, context);
    return addTrust(tx, grant, tenant, id, input);
  },
  payload: (t) => ({
    trust: changed(t, WorkloadTrustRef, 'The new trust.'),
  }),
});

mutation('removeWorkloadTrust', {
  description: 'Ends a trust. Open subscriptions of its tokens end within two seconds.',
  permission: 'API_TOKEN:DELETE',
  input: (t) => ({
    id: t.id({ required: true, description: 'ID of the service account.' }),
    issuer: t.string({ required: true, description: 'Issuer of the trust.' }),
    audience: t.string({ required: true, description: 'Audience of the trust.' }),
    subject: t.string({ required: true, description: 'Subject of the trust.' }),
  }),
  target: async (input, context) => ({ ...(await ofAccount(input, context)), resource: 'SERVICE_ACCOUNT' as const }),
  run: (tx, grant, input, { tenant, id }) => removeTrust(tx, grant, tenant, id, input),
  payload: (t) => ({
    serviceAccountId: t.id({
      description: 'ID of the service account.',
      resolve: ({ result }) => globalId('ServiceAccount', result.id),
    }),
  }),
});
