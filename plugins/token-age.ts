import { abstain, definePolicy, deny, everyResource, z } from '../src/policy/contract.ts';

const dayMs = 86_400_000;
export default definePolicy({
  name: 'token-age',
  description: 'API tokens older than a number of days are refused, whatever their own expiry says.',
  resources: everyResource,
  reads: ['credential', 'now'],
  config: z.strictObject({ maxAgeDays: z.number().positive().optional() }),
  create: ({ maxAgeDays }) => ({
    evaluate: ({ actor: { credential }, env }) => {
      if (maxAgeDays === undefined || credential.kind !== 'api-token' || !credential.createdAt) return abstain();
      const end = new Date(credential.createdAt.getTime() + maxAgeDays * dayMs);
      return end <= env.now
        ? deny(`the API token is older than ${maxAgeDays} days`)
        : { effect: 'abstain', until: end };
    },
  }),
});
