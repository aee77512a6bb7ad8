import { BlockList, isIP } from 'node:net';
import { abstain, definePolicy, deny, everyResource, groupReference, type Policy, z } from '../src/policy/contract.ts';

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** An address, or a range in CIDR notation, of IPv4 or IPv6. */
const range = z.string().refine((text) => {
  const [address = '', prefix, more] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  return (
    isIP(address) > 0 &&
    more === undefined &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}, 'must be an address or a CIDR range');

const rule = z
  .strictObject({
    /** Key of the tenant to which the rule applies. Omit for every tenant and the instance level. */
    tenant: z.string().optional(),
    /** Only for members of this group. */
    group: groupReference.optional(),
    /** Only for the service account of this name. */
    serviceAccount: z.string().optional(),
    allow: z.array(range).min(1),
  })
  .refine(({ group, serviceAccount }) => !(group && serviceAccount), 'must not set both group and serviceAccount')
  .refine(
    ({ tenant, group }) => tenant === undefined || group === undefined || group.startsWith(`${tenant}/`),
    'matches no caller: the group belongs to another tenant',
  );

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of ranges) {
    const [address = '', prefix] = text.split('/');
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

export default definePolicy({
  name: 'network',
  description: 'Allows requests only from given addresses, for a tenant, a group or a service account.',
  resources: everyResource,
  reads: ['ip', 'id'],
  config: z.strictObject({ rules: z.array(rule).default([]) }),
  create({ rules }, host) {
    const prepared = rules.map(({ tenant, group, serviceAccount, allow }) => ({
      tenants: tenant === undefined ? undefined : host.tenants([tenant]),
      groups: group === undefined ? undefined : host.groups([group]),
      serviceAccount: serviceAccount === undefined ? undefined : host.serviceAccount(serviceAccount, tenant),
      allowed: listOf(allow),
    }));
    /** A new name would exempt a service account from its rule. */
    const keepsName: NonNullable<Policy['review']> = ({ resource, scope }, { before, after }) => {
      const name = before?.['name'];
      if (resource !== 'SERVICE_ACCOUNT' || after === null || name === undefined || name === after['name'])
        return abstain();
      const isNamed = prepared.some(
        ({ serviceAccount, tenants }) =>
          serviceAccount === name && (!tenants || (scope.tenantId !== undefined && tenants.has(scope.tenantId))),
      );
      return isNamed
        ? deny('a network rule refers to this service account by its name; change the rule first')
        : abstain();
    };
    return {
      evaluate({ actor, scope, env }) {
        for (const { tenants, groups, serviceAccount, allowed } of prepared) {
          if (tenants && !(scope.tenantId !== undefined && tenants.has(scope.tenantId))) continue;
          if (groups && !actor.isIn(groups)) continue;
          if (serviceAccount !== undefined && !(actor.kind === 'SERVICE_ACCOUNT' && actor.name === serviceAccount))
            continue;
          // Read only here, so that an explanation knows whether the answer depends on it.
          const { ip } = env;
          if (ip === undefined) return deny('the rule needs the address of the request, which is unknown');
          // Every matching rule must allow the address.
          if (!allowed.check(ip, familyOf(ip))) return deny('the address is not allowed');
        }
        return abstain();
      },
      // Without such rules, the policy reviews no change and appears in no explanation.
      ...(prepared.some(({ serviceAccount }) => serviceAccount !== undefined) && { review: keepsName }),
    };
  },
});
