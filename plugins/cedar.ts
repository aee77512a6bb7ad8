import { isIP } from 'node:net';
import {
  type AccessRequest,
  abstain,
  columnsFor,
  definePolicy,
  deny,
  everyResource,
  policyFile,
  type ResourceName,
  type Verdict,
  z,
} from '../src/policy/contract.ts';
import type { At } from './cedar/conditions.ts';
import { prefix } from './cedar/conditions.ts';
import { type Cedar, ownCedar } from './cedar/engine.ts';
import { and, or } from './cedar/filter.ts';
import { actionGroups, type Compiled, type CompiledSet, compilePolicies } from './cedar/policies.ts';

const settings = z.strictObject({
  /** Cedar text. */
  policies: z.string().default(''),
  /** Files with further policies, in the folder of `policyFiles`. */
  files: z.array(policyFile('.cedar')).default([]),
  /** A Cedar schema (text) that the policies must satisfy. */
  schema: z.string().optional(),
  /** Resources that Cedar decides about, with all actions. Defaults to those in the heads of the policies. */
  resources: z
    .array(z.enum(everyResource as [ResourceName, ...ResourceName[]]))
    .min(1)
    .optional(),
});

const entity = (type: string, id: string) => ({ type: `${prefix}${type}`, id });
const second = 1_000;
const atSecond = (time: Date) => new Date(Math.floor(time.getTime() / second) * second);

/** Attributes of principal and context, as policies see them. */
function attributesOf({ actor, env }: AccessRequest) {
  const { ip, now, reason } = env;
  return {
    principal: { id: actor.id, name: actor.name },
    context: {
      now: { __extn: { fn: 'datetime', arg: atSecond(now).toISOString() } },
      credential: actor.credential.kind,
      ...(ip !== undefined && isIP(ip) > 0 && { ip: { __extn: { fn: 'ip', arg: ip } } }),
      ...(reason !== undefined && { reason }),
      ...(actor.impersonator && { impersonator: actor.impersonator.name }),
    },
  };
}

/** Cedar's answers to questions that need no row. */
function asker(cedar: Cedar, set: CompiledSet, host: { groups(references: readonly string[]): ReadonlySet<string> }) {
  const groups = set.groups.map((reference) => ({ reference, ids: host.groups([reference]) }));
  const id = 'gatehouse';
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: set.questions });
  if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('; '));
  return (request: AccessRequest, { principal: attrs, context }: ReturnType<typeof attributesOf>): At['answer'] => {
    const { actor, action, resource } = request;
    const principal = entity(actor.kind === 'SERVICE_ACCOUNT' ? 'ServiceAccount' : 'User', actor.name);
    const act = entity('Action', `${resource}:${action}`);
    const parents = groups.filter(({ ids }) => actor.isIn(ids)).map(({ reference }) => entity('Group', reference));
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: act,
      resource: entity(resource, ''),
      context,
      preparsedPolicySetId: id,
      entities: [
        { uid: principal, attrs, parents },
        { uid: act, attrs: {}, parents: actionGroups(resource, action).map((name) => entity('Action', name)) },
      ],
    });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    const holding = new Set(answer.response.diagnostics.reason);
    const failing = new Set(answer.response.diagnostics.errors.map(({ policyId }) => policyId));
    return (question) => (failing.has(String(question)) ? undefined : holding.has(String(question)));
  };
}

function assertSchema(cedar: Cedar, schema: string, sources: ReadonlyMap<string, string>): void {
  const answer = cedar.validate({ schema, policies: { staticPolicies: [...sources.values()].join('\n') } });
  const errors = answer.type === 'failure' ? answer.errors : answer.validationErrors.map(({ error }) => error);
  if (errors.length > 0) throw new Error(`the schema: ${errors.map(({ message }) => message).join('; ')}`);
}

/**
 * Cedar as a guard. Cedar decides about everything in the policies' heads: refused without a permit, or if a forbid
 * applies; a set of forbids alone needs a `permit (principal, action, resource);`.
 *
 * Names: `Gatehouse::User::"name"` and `ServiceAccount`, in `Gatehouse::Group::"tenant/name"`;
 * `Gatehouse::Action::"FLOW:UPDATE"`, in `Action::"UPDATE"` and `Action::"FLOW"`; resources are `Gatehouse::FLOW`, in
 * `Gatehouse::Namespace::"company.data"` (and all above it) and `Gatehouse::Tenant::"key"`. They have `tenant` (its key;
 * not at instance level), `namespace`, `id`, and tenants `key`, users `username`, if their table has them.
 * Context: `ip`, `now` (to the second), `credential` ("basic", "session" or "api-token"), `reason`, `impersonator`.
 *
 * Cedar itself answers whatever needs no row, once per decision; the rest becomes a filter. A policy that no filter
 * can express fails to load. If Cedar skips a policy for an error, a permit does not apply, as in Cedar; a forbid does.
 */
export default definePolicy({
  name: 'cedar',
  description: 'Refuses what policies written in Cedar do not permit.',
  resources: everyResource,
  reads: ['id', 'ip', 'now', 'credential', 'reason'],
  config: settings,
  create({ policies: text, files, schema, resources }, host) {
    const sources = new Map([['policies', text], ...files.map((one) => [one.path, one.text] as const)]);
    // Without policies, nothing is evaluated.
    if ([...sources.values()].every((source) => source.trim() === '') && !resources && schema === undefined)
      return { evaluate: abstain };
    const cedar = ownCedar();
    const set = compilePolicies(cedar, sources, (key) => [...host.tenants([key])][0]!);
    if (schema !== undefined) assertSchema(cedar, schema, sources);
    const ask = asker(cedar, set, host);
    return {
      evaluate(request: AccessRequest): Verdict {
        const { resource, action, scope, env } = request;
        const speaking = set.policies.filter((policy) => policy.speaksOf(resource, action));
        if (resources ? !resources.includes(resource) : speaking.length === 0) return abstain();
        const attributes = attributesOf(request);
        const at: At = {
          resource,
          tenantId: scope.tenantId,
          columns: columnsFor(resource),
          answer: ask(request, attributes),
          attribute: (of, name) => (attributes as Record<string, Record<string, unknown>>)[of]?.[name],
        };
        const until = set.readsNow ? { until: new Date(atSecond(env.now).getTime() + second) } : {};
        return { ...verdictOf(speaking, at), ...until };
      },
    };
  },
});

function verdictOf(policies: readonly Compiled[], at: At): Verdict {
  const readings = policies.map(({ name, effect, condition }) => ({ name, effect, reading: condition.read(at) }));
  const permitted = or(...readings.filter(({ effect }) => effect === 'permit').map(({ reading }) => reading.yes));
  const forbids = readings.filter(({ effect, reading }) => effect === 'forbid' && reading.no !== true);
  const allowed = and(permitted, ...forbids.map(({ reading }) => reading.no));
  if (allowed === true) return abstain();
  const names = forbids.map(({ name }) => name).join(', ');
  const reason =
    permitted === true
      ? `Cedar forbids it (${names})`
      : forbids.length === 0
        ? 'no Cedar policy permits it'
        : `no Cedar policy permits it, or one forbids it (${names})`;
  return allowed === false ? deny(reason) : deny(reason, allowed);
}
