import { abstain, definePolicy, deny, isWithin, namespaceName, type Row, z } from '../src/policy/contract.ts';

const ofTheInstance = ['TENANT', 'USER'];
const inNamespaces = ['NAMESPACE', 'BINDING'];
const resources = [
  'TENANT',
  'USER',
  'SERVICE_ACCOUNT',
  'API_TOKEN',
  'TENANT_ACCESS',
  'GROUP',
  'ROLE',
  'NAMESPACE',
  'BINDING',
] as const;

const rule = z
  .strictObject({
    resource: z.enum(resources),
    /** Key of the tenant; left out: every tenant, each for itself. */
    tenant: z.string().optional(),
    /** Only what lies in this namespace and below it. */
    namespace: namespaceName.optional(),
    atMost: z.int().nonnegative(),
  })
  .refine(({ resource, tenant }) => tenant === undefined || !ofTheInstance.includes(resource), {
    path: ['tenant'],
    error: 'is not for TENANT and USER, which belong to the instance',
  })
  .refine(({ resource, namespace }) => namespace === undefined || inNamespaces.includes(resource), {
    path: ['namespace'],
    error: 'is for NAMESPACE and BINDING only',
  });

/**
 * What counts: in a tenant, what is stored and what the same transaction is about to store. Namespaces that were created
 * (not those that are only implied by what is below them), roles that are not managed, API tokens of service accounts
 * that still work. What has no tenant (instance roles, users' own tokens) does not count; TENANT and USER count in the
 * instance. What is over a quota already stays, and can change in all that does not bring more below the namespace.
 * Rotating a token makes none more.
 */
export default definePolicy({
  name: 'quotas',
  description: 'At most so many of a resource in a tenant, or in a namespace and below it.',
  resources: [...resources],
  actions: ['CREATE', 'UPDATE'],
  config: z.strictObject({ rules: z.array(rule).default([]) }),
  create({ rules }, host) {
    const prepared = rules.map(({ tenant, ...rest }) => ({
      ...rest,
      tenants: tenant === undefined ? undefined : host.tenants([tenant]),
    }));
    return {
      evaluate: () => abstain(),
      async review({ resource, action, scope: { tenantId, part } }, { before, after }, look) {
        if (part || after === null || (before === null && action !== 'CREATE')) return abstain();
        const instanceWide = ofTheInstance.includes(resource);
        if (tenantId === undefined && !instanceWide) return abstain();
        for (const { resource: of, tenants, namespace, atMost } of prepared) {
          if (of !== resource || (tenants && !tenants.has(tenantId!))) continue;
          const lies = (row: Row) => namespace === undefined || isWithin(namespace, String(row['namespace']));
          if (!lies(after) || (before !== null && lies(before))) continue;
          const count = await look.count(resource, instanceWide ? null : tenantId!, namespace);
          if (count <= atMost) continue;
          const where = instanceWide
            ? 'here'
            : namespace === undefined
              ? 'in the tenant'
              : `in ${namespace} and below it`;
          return deny(`${where} are ${count - 1} of at most ${atMost} ${resource}: delete what is not needed first`);
        }
        return abstain();
      },
    };
  },
});
