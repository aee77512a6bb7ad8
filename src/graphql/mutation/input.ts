import { type GraphQLInputObjectType, type GraphQLResolveInfo, getNamedType } from 'graphql';
import { z } from 'zod';
import { GatehouseError } from '../../errors.ts';
import '../../lib/plain-faults.ts';

/** Input fields of every mutation. */
export const common = z.looseObject({ reason: z.string().max(1_000).nullish() });
export interface Common {
  readonly reason?: string | null;
  readonly dryRun?: boolean | null;
  readonly idempotencyKey?: string | null;
}

/** Input type of the running mutation. */
export const inputOf = ({ parentType, fieldName }: GraphQLResolveInfo): GraphQLInputObjectType =>
  getNamedType(parentType.getFields()[fieldName]!.args[0]!.type) as GraphQLInputObjectType;

/** Input fields that are omitted or null. */
export function omittedFrom(given: object, info: GraphQLResolveInfo): string[] {
  return Object.keys(inputOf(info).getFields()).filter((key) => (given as Record<string, unknown>)[key] == null);
}

/** The name in the input of a creation, for the record of its refusal. */
export function nameIn(input: object): string {
  const { name, key, username } = input as Record<string, unknown>;
  return String(name ?? key ?? username ?? '');
}

const maxIssues = 100;

/** The validated input. @throws BAD_INPUT with the path of each fault. */
export function check(model: z.ZodType, input: unknown): unknown {
  const result = model.safeParse(input);
  if (result.success) return result.data;
  // More are of no use, and a large input can have one in each part.
  const issues = result.error.issues.slice(0, maxIssues).flatMap((issue) => {
    const path = ['input', ...(issue.path as (string | number)[])];
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...path, key], message: `${key} is not a known field.` }))
      : [{ path, message: issue.message }];
  });
  throw new GatehouseError('BAD_INPUT', issues.map(({ message }) => message).join(' '), { issues });
}
