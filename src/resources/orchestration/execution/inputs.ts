import type { Issue } from '../../../errors.ts';
import { secondsIn } from '../../../lib/duration.ts';
import { isObject } from '../../../lib/json.ts';
import type { FlowSource } from '../flow/source.ts';

export type DeclaredInput = FlowSource['inputs'][number];
/** Returns what is wrong with a value, or undefined. */
type Rule = (value: unknown, declared: DeclaredInput) => string | undefined;

const text =
  (isValid: (value: string) => boolean, fault: string): Rule =>
  (value) =>
    typeof value === 'string' && isValid(value) ? undefined : fault;
const anything: Rule = () => undefined;

/** A number, or its text, as forms send it. */
const numberOf = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;

/** @param whole true to refuse fractions. */
const number =
  (whole: boolean): Rule =>
  (value, { min, max }) => {
    const given = numberOf(value);
    if (!Number.isFinite(given) || (whole && !Number.isInteger(given)))
      return whole ? 'The value must be a whole number.' : 'The value must be a number.';
    if (typeof min === 'number' && given < min) return `The value must be at least ${min}.`;
    if (typeof max === 'number' && given > max) return `The value must be at most ${max}.`;
    return undefined;
  };

const boolean: Rule = (value) =>
  typeof value === 'boolean' || value === 'true' || value === 'false' ? undefined : 'The value must be true or false.';

/** The values of a selection; undefined if they are computed when the flow runs. */
function optionsOf({ values, allowCustomValue }: DeclaredInput): readonly string[] | undefined {
  if (!Array.isArray(values) || allowCustomValue === true) return undefined;
  return values.map((one) => (isObject(one) ? String(one['value'] ?? one['id'] ?? one['label']) : String(one)));
}
const maxListed = 20;
function among(values: readonly unknown[], declared: DeclaredInput): string | undefined {
  const options = optionsOf(declared);
  if (!options) return undefined;
  const known = new Set(options);
  if (values.every((one) => known.has(String(one)))) return undefined;
  const more = options.length > maxListed ? ', …' : '';
  return `The value must be one of ${options.slice(0, maxListed).join(', ')}${more}.`;
}

/** A date that exists. */
function isDate(value: string): boolean {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(value) ? new Date(`${value}T00:00:00Z`) : undefined;
  return at !== undefined && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value);
}
const isDuration = (value: string): boolean => secondsIn(value) !== undefined;
const parses = (value: string): boolean => {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

/** By type, as the orchestrator names them. A value of another type is not checked. */
const rules: Readonly<Record<string, Rule>> = {
  STRING: text(() => true, 'The value must be a text.'),
  SECRET: text(() => true, 'The value must be a text.'),
  YAML: anything,
  EMAIL: text((value) => /^[^\s@]+@[^\s@]+$/.test(value), 'The value must be an e-mail address.'),
  URI: text((value) => URL.canParse(value), 'The value must be a URI.'),
  FILE: text((value) => value !== '', 'The value must be the URI of a file in the storage of the orchestrator.'),
  INT: number(true),
  FLOAT: number(false),
  BOOLEAN: boolean,
  BOOL: boolean,
  DATETIME: text(
    (value) => /^\d{4}-\d{2}-\d{2}T/.test(value) && !Number.isNaN(Date.parse(value)),
    'The value must be a date with time, such as 2026-01-31T12:00:00Z.',
  ),
  DATE: text(isDate, 'The value must be a date, such as 2026-01-31.'),
  TIME: text(
    (value) => /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$/.test(value),
    'The value must be a time, such as 12:00:00.',
  ),
  DURATION: text(isDuration, 'The value must be an ISO 8601 duration, such as PT5M.'),
  JSON: (value) => (typeof value !== 'string' || parses(value) ? undefined : 'The value must be valid JSON.'),
  ENUM: (value, declared) => (typeof value === 'string' ? among([value], declared) : 'The value must be a text.'),
  SELECT: (value, declared) => (typeof value === 'string' ? among([value], declared) : 'The value must be a text.'),
  MULTISELECT: (value, declared) => (Array.isArray(value) ? among(value, declared) : 'The value must be a list.'),
  ARRAY(value, { itemType }) {
    if (!Array.isArray(value)) return 'The value must be a list.';
    const rule = ruleOf(itemType);
    for (const [i, item] of value.entries()) {
      const fault = rule(item, { id: '', type: '' });
      if (fault) return `Item ${i + 1}: ${fault}`;
    }
    return undefined;
  },
};

const ruleOf = (type: unknown): Rule =>
  typeof type === 'string' && Object.hasOwn(rules, type) ? rules[type]! : anything;

/** The engine decides about an input that depends on others. */
const isNeeded = ({ required, defaults, prefill, dependsOn }: DeclaredInput): boolean =>
  required !== false && defaults === undefined && prefill === undefined && dependsOn === undefined;

/**
 * Compares the inputs of a new execution with the declaration of its flow: missing values, values of another type, and
 * names that are not declared.
 * @returns an issue for each, at its input.
 */
export function inputFaults(declared: readonly DeclaredInput[], given: Readonly<Record<string, unknown>>): Issue[] {
  const at = (id: string, message: string): Issue => ({ path: ['input', 'inputs', id], message });
  const byId = new Map(declared.map((one) => [one.id, one]));
  const missing = declared
    .filter((one) => isNeeded(one) && (!Object.hasOwn(given, one.id) || given[one.id] === null))
    .map(({ id }) => at(id, `The flow requires the input ${id}.`));
  const wrong = Object.entries(given).flatMap(([id, value]) => {
    const one = byId.get(id);
    if (!one) return [at(id, `The flow does not declare the input ${id}.`)];
    const fault = value === null ? undefined : ruleOf(one.type)(value, one);
    return fault === undefined ? [] : [at(id, fault)];
  });
  return [...missing, ...wrong];
}
