import {
  abstain,
  allOf,
  definePolicy,
  deny,
  groupReference,
  namespaceName,
  outside,
  z,
} from '../src/policy/contract.ts';

/** Bindings are omitted on purpose: access to a frozen namespace can still be granted and, above all, revoked. */
export default definePolicy({
  name: 'frozen-namespaces',
  description: 'Refuses changes in frozen namespaces and below them, except by members of the exempt groups.',
  resources: ['NAMESPACE', 'SECRET', 'FLOW', 'EXECUTION', 'TRIGGER'],
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  config: z.strictObject({
    frozen: z.array(namespaceName).default([]),
    except: z.array(groupReference).default([]),
  }),
  create: ({ frozen, except }, host) => {
    const exempt = host.groups(except);
    const exemptRows = frozen.length === 0 ? undefined : allOf(frozen.map((name) => outside(name)));
    return {
      evaluate: ({ actor }) =>
        exemptRows === undefined || actor.isIn(exempt) ? abstain() : deny('the namespace is frozen', exemptRows),
    };
  },
});
