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
    /** Key of the tenant. Omit to apply the quota to each tenant separately. */
    tenant: z.string().optional(),
    /** Only in this namespace and below it. */
    namespace: namespaceName.optional(),
    atMost: z.int().nonnegative(),
  })
  .refine(({ resource, tenant }) => tenant === undefined || !ofTheInstance.includes(resource), {
    path: ['tenant'],
    error: 'is not supported for TENANT and USER, which belong to the instance',
  })
  .refine(({ resource, namespace }) => namespace === undefined || inNamespaces.includes(resource), {
    path: ['namespace'],
    error: 'is supported for NAMESPACE and BINDING only',
  });

/**
 * Counts, per tenant, stored rows and rows of the same transaction: created namespaces (not implied ones), custom
 * roles (not managed ones), and valid API tokens of service accounts. Rows without a tenant (instance roles, personal
 * tokens) do not count; TENANT and USER count in the instance. Rows above a quota are kept, and can change unless the
 * change moves more of them below the namespace.
 * Rotating a token does not increase the count.
 */
export default definePolicy({
  name: 'quotas',
  description: 'Limits the number of objects of a resource in a tenant, or in a namespace and below it.',
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
            ? 'in the instance'
            : namespace === undefined
              ? 'in the tenant'
              : `in ${namespace} and below it`;
          return deny(`quota reached: ${count - 1} of ${atMost} ${resource} ${where}; delete unused ones first`);
        }
        return abstain();
      },
    };
  },
});
