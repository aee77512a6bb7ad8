import { isObject } from '../../../lib/json.ts';
import { scimFault } from './fault.ts';
import { attributeOf, type Filter, parseFilter } from './filter.ts';

export const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const ops = ['add', 'remove', 'replace'] as const;
const maxOperations = 1_000;

/** One operation of a PATCH. An object without a path becomes one step for each of its members. */
export interface Step {
  readonly op: (typeof ops)[number];
  /** In lower case, without the URN of the core schemas; with a sub-attribute, if the path has one. */
  readonly path: string;
  /** The values of a multi-valued attribute that the path names. */
  readonly filter?: Filter;
  readonly value: unknown;
  /** False for a member of an object without a path. The object can repeat what the client cannot change. */
  readonly isNamed: boolean;
}

/** The member of an object, whatever the case of its name. */
export const memberOf = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.entries(object).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

function located(text: string): Pick<Step, 'path' | 'filter'> {
  const [, name, inner, sub = ''] = /^([A-Za-z][\w$:.-]*)(?:\[([\s\S]*)\](\.[A-Za-z][\w$-]*)?)?$/.exec(text) ?? [];
  if (name === undefined) throw scimFault('invalidPath', `The path ${text} is invalid.`);
  const path = attributeOf(name) + sub.toLowerCase();
  return inner === undefined ? { path } : { path, filter: parseFilter(`${name}[${inner}]`) };
}

function stepsOf(operation: unknown): Step[] {
  if (!isObject(operation)) throw scimFault('invalidSyntax', 'An operation is an object.');
  const op = String(memberOf(operation, 'op')).toLowerCase() as Step['op'];
  if (!ops.includes(op)) throw scimFault('invalidSyntax', 'An operation has the op add, remove or replace.');
  const path = memberOf(operation, 'path') ?? '';
  const value = memberOf(operation, 'value');
  if (typeof path !== 'string') throw scimFault('invalidPath', 'A path is a text.');
  if (path.trim() !== '') {
    if (op !== 'remove' && value === undefined)
      throw scimFault('invalidValue', `The operation on ${path} has no value.`);
    return [{ op, ...located(path.trim()), value, isNamed: true }];
  }
  if (op === 'remove') throw scimFault('noTarget', 'Name the attribute to remove in path.');
  if (!isObject(value)) throw scimFault('invalidValue', 'The value of an operation without a path is an object.');
  return Object.entries(value).map(([name, member]) => ({
    op,
    ...located(name),
    value: member,
    isNamed: false,
  }));
}

/** Reads the body of a PATCH. @throws BAD_INPUT. */
export function parsePatch(body: Readonly<Record<string, unknown>>): Step[] {
  const schemas = memberOf(body, 'schemas');
  if (!Array.isArray(schemas) || !schemas.includes(patchSchema))
    throw scimFault('invalidSyntax', `The schemas of a PATCH are ["${patchSchema}"].`);
  const operations = memberOf(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0)
    throw scimFault('invalidSyntax', 'A PATCH has a list of Operations.');
  if (operations.length > maxOperations)
    throw scimFault('tooMany', `A PATCH can have at most ${maxOperations} operations.`);
  return operations.flatMap(stepsOf);
}

/** Reads the body of a POST or PUT as steps. */
export const stepsOfResource = (body: Readonly<Record<string, unknown>>): Step[] =>
  Object.entries(body).map(([name, value]) => ({
    op: 'replace',
    path: attributeOf(name),
    value,
    isNamed: false,
  }));
