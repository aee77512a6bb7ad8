import {
  abstain,
  actions,
  definePolicy,
  everyResource,
  groupReference,
  type ResourceName,
  type StepUp,
  type Verdict,
  z,
} from '../src/policy/contract.ts';

const rule = z
  .strictObject({
    resource: z.enum(everyResource as [ResourceName, ...ResourceName[]]),
    actions: z
      .array(z.enum(actions))
      .min(1)
      .default([...actions]),
    /** Key of the tenant to which the rule applies. Omit for every tenant and the instance level. */
    tenant: z.string().optional(),
    /** Require a second factor. */
    secondFactor: z.boolean().default(true),
    /** Max age of the proof: of the second factor or, without one, of the sign-in. Omit for the whole session. */
    maxAgeMinutes: z.number().positive().max(43_200).optional(),
    /** Groups that are exempt. */
    except: z.array(groupReference).default([]),
    /** Allow API tokens of users, which have no second factor. Those of service accounts are always allowed. */
    apiTokens: z.boolean().default(false),
  })
  .refine(({ secondFactor, maxAgeMinutes }) => secondFactor || maxAgeMinutes !== undefined, {
    error: 'requires nothing: set secondFactor or maxAgeMinutes',
  });

export default definePolicy({
  name: 'second-factor',
  description: 'Requires a second factor, or a recent sign-in, for chosen permissions.',
  resources: everyResource,
  reads: ['credential', 'now'],
  config: z.strictObject({ rules: z.array(rule).default([]) }),
  create({ rules }, host) {
    const prepared = rules.map(({ tenant, except, ...one }) => ({
      ...one,
      tenants: tenant === undefined ? undefined : host.tenants([tenant]),
      except: host.groups(except),
    }));
    return {
      evaluate({ actor, action, resource, scope, env }): Verdict {
        let until: Date | undefined;
        for (const { secondFactor, maxAgeMinutes, apiTokens, tenants, except, ...one } of prepared) {
          if (one.resource !== resource || !one.actions.includes(action)) continue;
          if (tenants && !(scope.tenantId !== undefined && tenants.has(scope.tenantId))) continue;
          if (actor.isIn(except)) continue;
          // Read only here, so that an explanation knows whether the answer depends on it.
          const { credential } = actor;
          // A service account is no person. An invitation was decided with the credential of its inviter.
          if ((credential.ownerKind ?? actor.kind) === 'SERVICE_ACCOUNT' || credential.kind === 'system') continue;
          const maxAgeSeconds = maxAgeMinutes === undefined ? undefined : maxAgeMinutes * 60;
          const stepUp: StepUp = { secondFactor, ...(maxAgeSeconds !== undefined && { maxAgeSeconds }) };
          const refused = (reason: string): Verdict => ({ effect: 'deny', reason, stepUp });
          if (credential.kind === 'api-token') {
            if (apiTokens) continue;
            return refused('an API token does not suffice; sign in to a session');
          }
          if (credential.kind === 'basic') {
            // The password of this request is a recent sign-in.
            if (!secondFactor) continue;
            return refused('a second factor is required; sign in to a session');
          }
          const at = secondFactor ? credential.secondFactorAt : credential.provedAt;
          if (!at) return refused(secondFactor ? 'a second factor is required' : 'a recent sign-in is required');
          if (maxAgeSeconds === undefined) continue;
          const end = new Date(at.getTime() + maxAgeSeconds * 1_000);
          if (end <= env.now)
            return refused(`the ${secondFactor ? 'second factor' : 'sign-in'} is older than ${maxAgeMinutes} minutes`);
          if (!until || end < until) until = end;
        }
        return until ? { effect: 'abstain', until } : abstain();
      },
    };
  },
});
