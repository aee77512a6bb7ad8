import type * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { type Action, actions, everyResource, type ResourceName } from '../../src/policy/contract.ts';
import {
  among,
  type Condition,
  compile,
  type EntityId,
  type Expression,
  entityOf,
  Inexpressible,
  prefix,
} from './conditions.ts';
import type { Cedar } from './engine.ts';
import { both, not } from './filter.ts';

/** A parsed Cedar policy. */
export interface Compiled {
  readonly name: string;
  readonly effect: 'permit' | 'forbid';
  readonly condition: Condition;
  /** True if the head of the policy can match this. */
  speaksOf(resource: ResourceName, action: Action): boolean;
}

export interface CompiledSet {
  readonly policies: readonly Compiled[];
  /** Policies that ask questions without a row, by number: Cedar itself answers them. */
  readonly questions: Readonly<Record<string, cedar.PolicyJson>>;
  /** References to groups in the policies. */
  readonly groups: readonly string[];
  readonly readsNow: boolean;
}

/** All faults of the policies, each with its place. */
export class CedarFaults extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('; '));
    this.faults = faults;
  }
}

const anything = { op: 'All' } as const;
const maxDepth = 7;
const kinds = ['User', 'ServiceAccount', 'Group', 'Action', 'Namespace', 'Tenant', ...everyResource].map(
  (name) => `${prefix}${name}`,
);
const known: Record<string, readonly string[]> = {
  context: ['ip', 'now', 'credential', 'reason', 'impersonator'],
  principal: ['id', 'name'],
};

/** `FLOW:UPDATE` is in `UPDATE` and in `FLOW`. */
export const actionGroups = (resource: ResourceName, action: Action): string[] => [action, resource];
const actionNames = new Set(
  everyResource.flatMap((resource) =>
    actions.flatMap((action) => [...actionGroups(resource, action), `${resource}:${action}`]),
  ),
);

const line = (text: string, offset: number | undefined) =>
  offset === undefined ? '' : `line ${text.slice(0, offset).split('\n').length}: `;

/** @throws {CedarFaults} */
function parse(cedar: Cedar, source: string, text: string): { name: string; json: cedar.PolicyJson }[] {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') {
    throw new CedarFaults(
      parts.errors.map(
        ({ message, sourceLocations }) => `${source}: ${line(text, sourceLocations?.[0]?.start)}${message}`,
      ),
    );
  }
  if (parts.policy_templates.length > 0) throw new CedarFaults([`${source}: templates are not supported`]);
  // The results are ordered by name, as text.
  const order = parts.policies.map((_, i) => `policy${i}`).sort();
  return parts.policies.map((one, i) => {
    const answer = cedar.policyToJson(one);
    if (answer.type === 'failure') throw new CedarFaults(answer.errors.map(({ message }) => `${source}: ${message}`));
    return { name: answer.json.annotations?.['id'] || order[i]!, json: answer.json };
  });
}

/** Refuses unknown names: a forbid with one would never apply. */
function assertKnown(value: unknown, groups: Set<string>): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Inexpressible('has a number beyond 2^53');
  if (typeof value !== 'object' || value === null) return;
  const entity = entityOf(value);
  if (entity) assertKnownEntity(entity, groups);
  const { entity_type: type } = value as { entity_type?: unknown };
  if (typeof type === 'string' && !kinds.includes(type)) throw new Inexpressible(`uses ${type}, which does not exist`);
  for (const body of [(value as Expression)['.'], (value as Expression)['has']]) {
    const { left, attr } = (body ?? {}) as { left?: Expression; attr?: string | string[] };
    const name = [attr].flat()[0];
    const names = known[String(left?.['Var'])];
    if (names && name !== undefined && !names.includes(name))
      throw new Inexpressible(`uses ${left!['Var']}.${name}, which does not exist; available: ${names.join(', ')}`);
  }
  for (const inner of Object.values(value)) assertKnown(inner, groups);
}

function assertKnownEntity({ type, id }: EntityId, groups: Set<string>): void {
  if (!kinds.includes(type)) throw new Inexpressible(`uses ${type}, which does not exist`);
  if (type === `${prefix}Action` && !actionNames.has(id))
    throw new Inexpressible(`uses the action ${JSON.stringify(id)}, which does not exist`);
  if (type === `${prefix}Group`) groups.add(id);
}

const idsOf = (constraint: object): EntityId[] => {
  const { entity, entities } = constraint as { entity?: unknown; entities?: unknown[] };
  return (entities ?? [entity]).map(entityOf).filter((one) => one !== undefined);
};

function speaksOf(
  { action: head, resource: place }: cedar.PolicyJson,
  resource: ResourceName,
  action: Action,
): boolean {
  const names = head.op === 'All' ? undefined : idsOf(head).map(({ id }) => id);
  const own = `${resource}:${action}`;
  const groups = head.op === 'in' ? actionGroups(resource, action) : [];
  if (names && !names.some((name) => name === own || groups.includes(name))) return false;
  const type = place.op === 'is' ? place.entity_type : place.op === '==' ? idsOf(place)[0]?.type : undefined;
  return type === undefined || type === `${prefix}${resource}`;
}

/**
 * @param cedar the Cedar instance of these policies.
 * @param sources texts by their names in faults.
 * @param tenant returns the ID of the tenant with a key.
 * @throws {CedarFaults} with every policy that no filter can express.
 */
export function compilePolicies(
  cedar: Cedar,
  sources: ReadonlyMap<string, string>,
  tenant: (key: string) => string,
): CompiledSet {
  const faults: string[] = [];
  const questions: Record<string, cedar.PolicyJson> = {};
  const groups = new Set<string>();
  const policies: Compiled[] = [];
  let count = 0;
  const question = (json: Pick<cedar.PolicyJson, 'principal' | 'action' | 'conditions'>): number => {
    questions[String(count)] = { effect: 'permit', resource: anything, ...json };
    return count++;
  };
  const compiler = {
    tenant,
    ask: (body: Expression) =>
      question({ principal: anything, action: anything, conditions: [{ kind: 'when', body: body as cedar.Expr }] }),
  };

  for (const [source, text] of sources) {
    try {
      for (const { name, json } of parse(cedar, source, text)) {
        try {
          assertKnown(json, groups);
          const condition = compileOne(
            json,
            compiler,
            question({ principal: json.principal, action: json.action, conditions: [] }),
          );
          if (condition.depth > maxDepth) throw new Inexpressible('is nested too deeply');
          policies.push({
            name,
            effect: json.effect,
            condition,
            speaksOf: (resource, action) => speaksOf(json, resource, action),
          });
        } catch (error) {
          faults.push(`${source}: ${name} ${(error as Error).message}`);
        }
      }
    } catch (error) {
      if (!(error instanceof CedarFaults)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw new CedarFaults(faults);
  return { policies, questions, groups: [...groups], readsNow: JSON.stringify(questions).includes('"attr":"now"') };
}

function compileOne(
  { resource, conditions }: cedar.PolicyJson,
  compiler: Parameters<typeof compile>[1],
  head: number,
): Condition {
  const literal = (entity: unknown): Expression => ({ Value: { __entity: entityOf(entity) } });
  const parts: Condition[] = [compileHead(head)];
  if (resource.op === 'is') {
    const parent = resource.in && 'entity' in resource.in ? { in: literal(resource.in.entity) } : {};
    parts.push(compile({ is: { left: { Var: 'resource' }, entity_type: resource.entity_type, ...parent } }, compiler));
  } else if (resource.op !== 'All' && 'entity' in resource) {
    parts.push(among([literal(resource.entity)], compiler, resource.op === '=='));
  }
  for (const { kind, body } of conditions) {
    const condition = compile(body as Expression, compiler);
    parts.push(kind === 'when' ? condition : { depth: condition.depth, read: (at) => not(condition.read(at)) });
  }
  return {
    depth: Math.max(...parts.map(({ depth }) => depth)) + 1,
    read: (at) => parts.map((part) => part.read(at)).reduce(both),
  };
}

const compileHead = (question: number): Condition => ({
  depth: 0,
  read(at) {
    const holds = at.answer(question) === true;
    return { yes: holds, no: !holds, sure: true };
  },
});
