import { namespaceName, type ResourceName } from '../../src/policy/contract.ts';
import { beginning, both, choice, either, failed, fixed, inSubtree, not, oneOf, type Reading } from './filter.ts';

/** Cedar's JSON form of an expression: an object whose one key is the operator. */
export type Expression = Readonly<Record<string, unknown>>;

export interface EntityId {
  readonly type: string;
  readonly id: string;
}

/** Facts of a request, without the row. */
export interface At {
  readonly resource: ResourceName;
  readonly tenantId: string | undefined;
  /** Columns of this resource that filters support. */
  readonly columns: readonly string[];
  /** Cedar's answer to a question that needs no row; undefined for an error. */
  answer(question: number): boolean | undefined;
  /** Attribute of principal or context. */
  attribute(of: string, name: string): unknown;
}

export interface Condition {
  /** Max nesting of and, or and if-then-else: each level makes a filter deeper by at most two. */
  readonly depth: number;
  read(at: At): Reading;
}

/** State of the compiler. */
export interface Compiler {
  /** Registers a question that needs no row. @returns its number. */
  ask(expression: Expression): number;
  /** ID of the tenant with this key. */
  tenant(key: string): string;
}

/** A construct that no filter can express. */
export class Inexpressible extends Error {}

export const prefix = 'Gatehouse::';
const leaf = (read: (at: At) => Reading): Condition => ({ depth: 0, read });
const sides = (body: unknown) => body as { left: Expression; right: Expression };
const isResource = (expression: Expression) => expression['Var'] === 'resource';
const mentions = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ((value as Expression)['Var'] === 'resource' || Object.values(value).some(mentions));

/** The name in `resource.name`. */
function attributeOf(expression: Expression): string | undefined {
  const access = expression['.'] as { left: Expression; attr: string } | undefined;
  return access && isResource(access.left) ? access.attr : undefined;
}

export function entityOf(value: unknown): EntityId | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const own = ('__entity' in value ? value.__entity : value) as Partial<EntityId>;
  return typeof own.type === 'string' && typeof own.id === 'string' ? (own as EntityId) : undefined;
}

/** Value of a literal, or of an attribute of principal or context. */
function operand(expression: Expression): (at: At) => unknown {
  if ('Value' in expression) return () => expression['Value'];
  const access = expression['.'] as { left: Expression; attr: string } | undefined;
  const of = access?.left['Var'];
  if (access && (of === 'principal' || of === 'context')) return (at) => at.attribute(String(of), access.attr);
  throw new Inexpressible(
    'compares an attribute of the resource with something other than a literal or a plain attribute of principal or context',
  );
}

const elements = (expression: Expression): Expression[] =>
  'Set' in expression ? (expression['Set'] as Expression[]) : [expression];

export function compile(expression: Expression, compiler: Compiler): Condition {
  if (!mentions(expression)) {
    const question = compiler.ask(expression);
    return leaf((at) => {
      const answer = at.answer(question);
      return answer === undefined ? failed : fixed(answer);
    });
  }
  const [operator = '', body] = Object.entries(expression)[0] ?? [];
  const { left, right } = sides(body);
  const part = (one: Expression) => compile(one, compiler);
  switch (operator) {
    case '!': {
      const { depth, read } = part((body as { arg: Expression }).arg);
      return { depth, read: (at) => not(read(at)) };
    }
    case '&&':
    case '||': {
      const [a, b] = [part(left), part(right)];
      const join = operator === '&&' ? both : either;
      // A chain of the same operator is one level.
      const chained = Object.keys(left)[0] === operator ? a.depth : a.depth + 1;
      return { depth: Math.max(chained, b.depth + 1), read: (at) => join(a.read(at), b.read(at)) };
    }
    case 'if-then-else': {
      const own = body as { if: Expression; then: Expression; else: Expression };
      const [test, then, other] = [part(own.if), part(own.then), part(own.else)];
      const depth = Math.max(test.depth, then.depth, other.depth) + 1;
      return { depth, read: (at) => choice(test.read(at), then.read(at), other.read(at)) };
    }
    case '==':
      return mentions(left) ? equals(left, right, compiler) : equals(right, left, compiler);
    case '!=': {
      const { read } = mentions(left) ? equals(left, right, compiler) : equals(right, left, compiler);
      return leaf((at) => not(read(at)));
    }
    case 'contains':
      return contained(left, right, compiler);
    case 'like':
      return like(body as { left: Expression; pattern: Pattern });
    case 'in':
      if (!isResource(left) || mentions(right))
        throw new Inexpressible('uses `in` on something other than the resource itself');
      return among(elements(right), compiler);
    case 'is': {
      const {
        left: what,
        entity_type: type,
        in: parent,
      } = body as { left: Expression; entity_type: string; in?: Expression };
      if (!isResource(what)) throw new Inexpressible('uses `is` on an attribute of the resource');
      const kind = leaf((at) => fixed(`${prefix}${at.resource}` === type));
      if (!parent) return kind;
      const place = among(elements(parent), compiler);
      return { depth: 1, read: (at) => both(kind.read(at), place.read(at)) };
    }
    case 'has': {
      const { left: what, attr } = body as { left: Expression; attr: string | string[] };
      const names = [attr].flat();
      if (!isResource(what) || names.length > 1) throw new Inexpressible('uses `has` deeper than the resource itself');
      assertAttribute(names[0]!);
      return leaf((at) => fixed(hasAttribute(at, names[0]!)));
    }
    default:
      throw new Inexpressible(
        `uses ${operator === '.' ? 'an attribute of the resource as a condition' : operator} on the resource`,
      );
  }
}

const attributes = ['tenant', 'namespace', 'id', 'key', 'username'];
function assertAttribute(name: string): void {
  if (!attributes.includes(name))
    throw new Inexpressible(
      `uses resource.${name}, which does not exist; available: resource.${attributes.join(', resource.')}`,
    );
}
const hasAttribute = ({ tenantId, columns }: At, name: string) =>
  name === 'tenant' ? tenantId !== undefined : columns.includes(name);

/** A resource's own attribute, compared with texts. Other types equal no text, which is no error in Cedar. */
function textual(name: string, compiler: Compiler, wanted: readonly Expression[]): Condition {
  assertAttribute(name);
  if (name === 'tenant') {
    const ids = wanted.flatMap((one) => {
      if (!('Value' in one)) throw new Inexpressible('compares resource.tenant with something other than a literal');
      return typeof one['Value'] === 'string' ? [compiler.tenant(one['Value'])] : [];
    });
    return leaf(({ tenantId }) => (tenantId === undefined ? failed : fixed(ids.includes(tenantId))));
  }
  const operands = wanted.map(operand);
  return leaf((at) => {
    if (!at.columns.includes(name)) return failed;
    const values = operands.map((value) => value(at));
    if (values.includes(undefined)) return failed;
    return oneOf(
      name,
      values.filter((value) => typeof value === 'string'),
    );
  });
}

function equals(subject: Expression, other: Expression, compiler: Compiler): Condition {
  if (mentions(other)) throw new Inexpressible('compares the resource with itself');
  const name = attributeOf(subject);
  if (name !== undefined) return textual(name, compiler, [other]);
  if (!isResource(subject)) throw new Inexpressible('compares a computed value of the resource');
  if (!('Value' in other)) throw new Inexpressible('compares the resource with something other than a literal');
  return among([other], compiler, true);
}

function contained(set: Expression, item: Expression, compiler: Compiler): Condition {
  const name = attributeOf(item);
  if (mentions(set) || !('Set' in set) || (name === undefined && !isResource(item)))
    throw new Inexpressible('uses `contains` with something other than a set of literals and the resource');
  if (elements(set).length === 0) {
    if (name !== undefined) assertAttribute(name);
    return leaf((at) => (name === undefined || hasAttribute(at, name) ? fixed(false) : failed));
  }
  return name === undefined ? among(elements(set), compiler, true) : textual(name, compiler, elements(set));
}

type Pattern = readonly ('Wildcard' | { readonly Literal: string })[];

function like({ left, pattern }: { left: Expression; pattern: Pattern }): Condition {
  const name = attributeOf(left);
  if (name === undefined || name === 'tenant')
    throw new Inexpressible('uses `like` on something other than a text column');
  assertAttribute(name);
  const wild = pattern.indexOf('Wildcard');
  const text = pattern.map((one) => (one === 'Wildcard' ? '' : one.Literal)).join('');
  if (wild >= 0 && pattern.slice(wild).some((one) => one !== 'Wildcard'))
    throw new Inexpressible('uses `like` with a * before the end; only prefixes are supported');
  return leaf((at) => {
    if (!at.columns.includes(name)) return failed;
    return wild < 0 ? oneOf(name, [text]) : beginning(name, text);
  });
}

/** True if the resource is one of these, or (unless `itself`) is in one of these. */
export function among(wanted: readonly Expression[], compiler: Compiler, itself = false): Condition {
  const options = wanted.map((one) => {
    const entity = 'Value' in one ? entityOf(one['Value']) : undefined;
    if (!entity) throw new Inexpressible('uses `in` with something other than literals');
    return placed(entity, compiler, itself);
  });
  return { depth: 1, read: (at) => options.map((read) => read(at)).reduce(either, fixed(false)) };
}

function placed({ type, id }: EntityId, compiler: Compiler, itself: boolean): (at: At) => Reading {
  if (type === `${prefix}Namespace` && !itself) {
    if (!namespaceName.safeParse(id).success)
      throw new Inexpressible(`names a namespace ${JSON.stringify(id)}, which is not a valid namespace name`);
    return ({ columns }) => (columns.includes('namespace') ? inSubtree(id) : fixed(false));
  }
  if (type === `${prefix}Tenant` && !itself) {
    const tenant = compiler.tenant(id);
    return ({ tenantId }) => fixed(tenantId === tenant);
  }
  return ({ resource, columns }) => {
    if (type !== `${prefix}${resource}`) return fixed(false);
    // Without an ID to filter by, a single resource cannot be identified.
    return columns.includes('id') ? oneOf('id', [id]) : failed;
  };
}
