import { GraphQLError, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import { instantFrom } from '../lib/day.ts';
import { formatDuration, secondsIn } from '../lib/duration.ts';
import { inexactNumber } from '../lib/json.ts';
import { RefusedInput } from './mutation/unreadable-input.ts';

const fault = (message: string) => new GraphQLError(message, { extensions: { code: 'BAD_INPUT' } });

export const parseDateTime = (value: unknown): Date => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value))
    throw fault('A DateTime must be an RFC 3339 text such as 2026-01-31T12:00:00Z.');
  const date = instantFrom(value);
  if (!date) throw fault('The date does not exist.');
  return date;
};

/** @throws BAD_INPUT for an invalid, variable-length or too long duration. */
export const parseDuration = (value: unknown): number => {
  const seconds = typeof value === 'string' ? secondsIn(value) : undefined;
  if (seconds === undefined)
    throw fault(
      'A Duration must be an ISO 8601 text of weeks, days, hours, minutes and seconds, such as P30D or PT12H.',
    );
  if (!Number.isInteger(seconds)) throw fault('A Duration must have whole seconds.');
  if (seconds > 2_147_483_647) throw fault('The Duration is too long (max 68 years).');
  return seconds;
};

/** JSON numbers are read as floating point, which is exact for whole numbers up to 2^53. */
const inexact = 'A whole number beyond 2^53 would be rounded. Pass it as a text of digits.';
const exactJson = (value: unknown): unknown => {
  const found = inexactNumber(value);
  if (found) throw fault(`${found.path.length > 0 ? `${found.path.join('.')}: ` : ''}${inexact}`);
  return value;
};

/** A variable of another scalar within a literal is read already: it is put back into JSON. */
function asJson(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asJson(member)]));
}

const literal = (node: ValueNode): string => {
  if (node.kind !== Kind.STRING && node.kind !== Kind.INT) throw fault('The value must be a text.');
  return node.value;
};

export const scalars = {
  DateTime: {
    specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
    description: 'A time, as an RFC 3339 text in UTC with milliseconds.',
    serialize: (value: unknown) => (value as Date).toISOString(),
    parseValue: parseDateTime,
    parseLiteral: (node: ValueNode) => parseDateTime(literal(node)),
  },
  Duration: {
    // The grammar of ISO 8601, which is not public itself.
    specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#appendix-A',
    description: 'A duration, as an ISO 8601 text of days, hours, minutes and seconds, such as P30D or PT12H.',
    serialize: (value: unknown) => formatDuration(value as number),
    parseValue: parseDuration,
    parseLiteral: (node: ValueNode) => parseDuration(literal(node)),
  },
  BigInt: {
    specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc7493#section-2.2',
    description: 'A whole number of any size, as a text of digits.',
    serialize: (value: unknown) => String(value),
    parseValue: (value: unknown) => {
      if (value instanceof RefusedInput) return value;
      if (typeof value === 'number' && !Number.isSafeInteger(value)) throw fault(inexact);
      if (!/^-?\d{1,19}$/.test(String(value))) throw fault('A BigInt must be a text of digits.');
      return BigInt(String(value));
    },
    parseLiteral: (node: ValueNode) => {
      if (!/^-?\d{1,19}$/.test(literal(node))) throw fault('A BigInt must be a text of digits.');
      return BigInt(literal(node));
    },
  },
  JSON: {
    specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
    description: 'Any JSON value. A number beyond 2^53 is rejected because it would be rounded: pass it as a text.',
    serialize: (value: unknown) => value,
    parseValue: exactJson,
    parseLiteral: (node: ValueNode, variables: unknown) =>
      exactJson(asJson(valueFromASTUntyped(node, variables as Record<string, unknown>))),
  },
};
