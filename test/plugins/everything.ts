import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { schema } from '../../src/schema.ts';

/** Values for arguments by name, as GraphQL text. Other arguments get the smallest value of their type. */
export type Known = Readonly<Record<string, string>>;

function filled(name: string, type: GraphQLInputType, known: Known): string {
  if (name in known) return known[name]!;
  if (isNonNullType(type)) return filled(name, type.ofType, known);
  if (isListType(type)) return `[${filled(name, type.ofType, known)}]`;
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => field.name in known || isNonNullType(field.type));
    return `{ ${fields.map((field) => `${field.name}: ${filled(field.name, field.type, known)}`).join(', ')} }`;
  }
  const { name: scalar } = getNamedType(type);
  return scalar === 'Int' ? '5' : scalar === 'Boolean' ? 'true' : '"main"';
}

const callOf = ({ name, args }: GraphQLField<unknown, unknown>, known: Known): string => {
  const given = args.filter((arg) => isNonNullType(arg.type) || arg.name in known);
  const list = given.map((arg) => `${arg.name}: ${filled(arg.name, arg.type, known)}`).join(', ');
  return list === '' ? name : `${name}(${list})`;
};

/** All fields below a type, to a depth in objects. Aliases contain the type, so that none collide. */
export function selection(type: GraphQLOutputType, depth: number, known: Known, seen: Set<string>): string {
  const named = getNamedType(type);
  if (isAbstractType(named)) {
    const parts = schema.getPossibleTypes(named).map((one) => `... on ${one.name} ${body(one, depth, known, seen)}`);
    return `{ __typename ${parts.join(' ')} }`;
  }
  return isObjectType(named) ? body(named, depth, known, seen) : '';
}

function body(type: GraphQLObjectType, depth: number, known: Known, seen: Set<string>): string {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    const isObject = isObjectType(named) || isAbstractType(named);
    // Edges repeat the nodes. A page has its objects at the depth of the page.
    if ((isObject && depth === 0) || field.name === 'nodes') return [];
    const own = type.name.endsWith('Connection') || type.name.endsWith('Edge') ? depth : depth - 1;
    seen.add(`${type.name}.${field.name}`);
    return [
      `${type.name}_${field.name}: ${callOf(field, known)} ${isObject ? selection(field.type, own, known, seen) : ''}`,
    ];
  });
  return `{ __typename ${fields.join(' ')} }`;
}

/** One document for each field of Query. */
export const everyQuery = (depth: number, known: Known, seen: Set<string>): string[] =>
  Object.values(schema.getQueryType()!.getFields()).map((field) => {
    seen.add(`Query.${field.name}`);
    return `{ ${callOf(field, known)} ${selection(field.type, depth, known, seen)} }`;
  });
