import { abstain, definePolicy, deny, z } from '../src/policy/contract.ts';

const dayMs = 86_400_000;
const resources = [
  'TENANT',
  'USER',
  'WORKER',
  'WORKER_GROUP',
  'POLICY',
  'TENANT_ACCESS',
  'SERVICE_ACCOUNT',
  'API_TOKEN',
  'GROUP',
  'ROLE',
  'IMPERSONATE',
  'SETTING',
  'BLUEPRINT',
  'STATS',
  'NAMESPACE',
  'SECRET',
  'FLOW',
  'EXECUTION',
  'TRIGGER',
  'AUDITLOG',
  'BINDING',
] as const;

export default definePolicy({
  name: 'token-age',
  description: 'API tokens older than a number of days are refused, whatever their own expiry says.',
  resources: [...resources],
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
