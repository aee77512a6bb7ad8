import { abstain, definePolicy, deny, everyResource, type Verdict, z } from '../src/policy/contract.ts';

const dayMs = 86_400_000;
const days = z.number().positive().max(36_500);

const rules = z.strictObject({
  /** Max age in days, regardless of the token's own expiry. */
  maxAgeDays: days.optional(),
  /** Refuse tokens that never expire. */
  mustExpire: z.boolean().default(false),
  /** Refuse tokens without use for this many days. Without any use, the creation counts. */
  unusedDays: days.optional(),
});
const after = (start: Date, count: number) => new Date(start.getTime() + count * dayMs);
const rulesAtAll = ({ maxAgeDays, mustExpire, unusedDays }: z.infer<typeof rules>) =>
  maxAgeDays !== undefined || mustExpire || unusedDays !== undefined;
const isDate = (value: unknown): value is Date => value instanceof Date;

/** A refused use does not count: a stale token stays stale, however often it is tried. */
export default definePolicy({
  name: 'token-hygiene',
  description: 'Refuses API tokens that are too old, never expire or are unused, by kind of owner.',
  resources: everyResource,
  reads: ['credential', 'now'],
  formerly: {
    // The former policy had one max age for all tokens.
    'token-age': ({ maxAgeDays, ...more }) => ({
      ...(maxAgeDays !== undefined && { users: { maxAgeDays }, serviceAccounts: { maxAgeDays } }),
      ...more,
    }),
  },
  config: z.strictObject({ users: rules.prefault({}), serviceAccounts: rules.prefault({}) }),
  create: ({ users, serviceAccounts }) => ({
    evaluate({ actor, env }): Verdict {
      // Without rules it reads nothing, so that no answer depends on a credential.
      if (![users, serviceAccounts].some(rulesAtAll)) return abstain();
      const { kind, credential } = actor;
      const { now } = env;
      if (credential.kind !== 'api-token' || !credential.createdAt) return abstain();
      const { createdAt, ownerKind = kind } = credential;
      const { maxAgeDays, mustExpire, unusedDays } = ownerKind === 'USER' ? users : serviceAccounts;
      if (mustExpire && !credential.expiresAt) return deny('the API token never expires; create one with a maxAge');
      const tooOld = maxAgeDays === undefined ? undefined : after(createdAt, maxAgeDays);
      if (tooOld && tooOld <= now) return deny(`the API token is older than ${maxAgeDays} days; create a new one`);
      const stale = unusedDays === undefined ? undefined : after(credential.lastUsedAt ?? createdAt, unusedDays);
      if (stale && stale <= now) return deny(`the API token was not used for ${unusedDays} days; create a new one`);
      const until = tooOld && stale ? (tooOld < stale ? tooOld : stale) : (tooOld ?? stale);
      return until ? { effect: 'abstain', until } : abstain();
    },
    /** Refuses the token on creation or rotation instead of on first use. */
    review({ resource }, { before, after: row }) {
      if (resource !== 'API_TOKEN' || before !== null || row === null) return abstain();
      const { maxAgeDays, mustExpire } = row['ownerKind'] === 'USER' ? users : serviceAccounts;
      const end = row['maxExpiresAt'] ?? row['expiresAt'];
      if (mustExpire && !isDate(end)) return deny('an API token must expire; set maxAge');
      if (
        maxAgeDays !== undefined &&
        isDate(end) &&
        isDate(row['createdAt']) &&
        end > after(row['createdAt'], maxAgeDays)
      )
        return deny(`an API token can live at most ${maxAgeDays} days; use a shorter maxAge or maxLifetime`);
      return abstain();
    },
  }),
});
