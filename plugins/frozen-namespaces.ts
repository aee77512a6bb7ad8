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

/** Bindings are left out on purpose: access to a frozen namespace can still be given and, above all, withdrawn. */
export default definePolicy({
  name: 'frozen-namespaces',
  description: 'No changes in frozen namespaces and below them, save by members of the named groups.',
  resources: ['NAMESPACE', 'SECRET', 'FLOW', 'EXECUTION', 'TRIGGER'],
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  config: z.strictObject({
    frozen: z.array(namespaceName).default([]),
    except: z.array(groupReference).default([]),
  }),
  create: ({ frozen, except }, host) => {
    const exempt = host.groups(except);
    const spared = frozen.length === 0 ? undefined : allOf(frozen.map((name) => outside(name)));
    return {
      evaluate: ({ actor }) =>
        spared === undefined || actor.isIn(exempt) ? abstain() : deny('the namespace is frozen', spared),
    };
  },
});
