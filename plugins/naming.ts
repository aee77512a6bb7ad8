import { RE2JS } from 're2js';
import { abstain, definePolicy, deny, namespaceName, z } from '../src/policy/contract.ts';

/** The name field of each resource. */
const fields = {
  TENANT: 'key',
  USER: 'username',
  SERVICE_ACCOUNT: 'name',
  GROUP: 'name',
  ROLE: 'name',
  NAMESPACE: 'namespace',
} as const;
const resources = Object.keys(fields) as (keyof typeof fields)[];

/** RE2 syntax, matched in linear time: a pattern from the API must not stop the gateway. */
const wholly = (pattern: string) => RE2JS.compile(pattern);
/** Max instructions of a compiled pattern. Matching a name takes at most this many steps per character. */
const maxProgram = 2_000;
const pattern = z
  .string()
  .max(500, 'can have at most 500 characters')
  .superRefine((text, context) => {
    try {
      if (wholly(text).programSize() <= maxProgram) return;
      context.addIssue({ code: 'custom', message: 'is too large; use smaller repetitions' });
    } catch {
      context.addIssue({ code: 'custom', message: 'is not a valid RE2 regular expression' });
    }
  });

const rule = z
  .strictObject({
    resource: z.enum(resources),
    /** Only in this namespace and below (for NAMESPACE). */
    under: namespaceName.optional(),
    /** A regular expression that the whole name must match. For a namespace, the part after the last dot. */
    pattern,
    /** Description of a valid name, for the reason of a refusal. */
    hint: z.string().min(1),
  })
  .refine(
    ({ resource, under }) => under === undefined || resource === 'NAMESPACE',
    'under requires resource: NAMESPACE',
  );

/** The default convention, so that names can be forwarded to systems that require DNS labels. */
const dnsLabel = {
  resource: 'SERVICE_ACCOUNT' as const,
  pattern: '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?',
  hint: 'a DNS label of at most 63 characters',
};

export default definePolicy({
  name: 'naming',
  description: 'Requires names to match the patterns of the organisation.',
  resources: [...resources],
  actions: ['CREATE', 'UPDATE'],
  config: z.strictObject({
    rules: z.array(rule).max(100, 'The list can have at most 100 rules.').prefault([dnsLabel]),
  }),
  create({ rules }) {
    const prepared = rules.map(({ pattern: text, ...rest }) => ({ ...rest, wanted: wholly(text) }));
    return {
      evaluate: () => abstain(),
      review({ resource }, { before, after }) {
        const field = fields[resource];
        const name = after?.[field];
        // Only new names: a name from before the rule stays valid.
        if (typeof name !== 'string' || before?.[field] === name) return abstain();
        for (const { resource: of, under, wanted, hint } of prepared) {
          if (of !== resource) continue;
          if (under !== undefined && name !== under && !name.startsWith(`${under}.`)) continue;
          const own = resource === 'NAMESPACE' ? name.slice(name.lastIndexOf('.') + 1) : name;
          if (!wanted.matches(own)) return deny(`${JSON.stringify(own)} is not ${hint}`);
        }
        return abstain();
      },
    };
  },
});
