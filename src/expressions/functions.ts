import { randomInt, randomUUID } from 'node:crypto';
import type { Given } from './arguments.ts';
import { Moment } from './dates.ts';
import { Fault } from './fault.ts';
import { compare, given, isList, isMap, numberOf, type Value } from './values.ts';

export type Callable = (args: Given) => Value;
export type Test = (value: Value, args: Given) => boolean;

const json: Callable = (args) => {
  const text = args.text(0, 'value');
  args.budget.create(text.length);
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw new Fault(`${args.what} requires a text of valid JSON.`);
  }
};
const extreme =
  (direction: 1 | -1): Callable =>
  (args) => {
    const values = args.count === 1 && isList(args.all()[0] ?? null) ? (args.all()[0] as readonly Value[]) : args.all();
    args.budget.step(values.length);
    if (values.length === 0) throw new Fault(`${args.what} requires a value.`);
    return values
      .map((one) => given(one))
      .reduce((best, one) => (direction * compare(one, best, args.what) > 0 ? one : best));
  };

/** The values from one number or letter to another. */
export function range(from: Value, to: Value, step: number, args: { readonly budget: Given['budget'] }): Value {
  if (typeof from === 'string' && typeof to === 'string' && from.length === 1 && to.length === 1) {
    const codes = range(from.charCodeAt(0), to.charCodeAt(0), step, args) as readonly number[];
    return codes.map((code) => String.fromCharCode(code));
  }
  const [start, end] = [numberOf(from, 'A range'), numberOf(to, 'A range')];
  if (step === 0 || !Number.isFinite(start + end + step)) throw new Fault('A range requires a step other than 0.');
  const size = Math.floor((end - start) / step) + 1;
  if (size <= 0) return [];
  args.budget.create(size);
  args.budget.step(size);
  return Array.from({ length: size }, (_, i) => start + i * step);
}

/** The functions that need nothing but their arguments. */
export const functions: Readonly<Record<string, Callable>> = {
  max: extreme(1),
  min: extreme(-1),
  range: (args) => {
    const [from, to] = [args.required(0, 'start'), args.required(1, 'end')];
    return range(from, to, args.number(2, 'increment', 1), args);
  },
  now: (args) => new Moment(Date.now(), args.text(0, 'timeZone', 'UTC')),
  fromJson: json,
  json,
  uuid: () => randomUUID(),
  randomInt: (args) => {
    const [from, to] = [Math.ceil(args.number(0, 'lower')), Math.floor(args.number(1, 'upper'))];
    if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from < to && to - from < 2 ** 48))
      throw new Fault(`${args.what} requires a lower number and an upper number.`);
    return randomInt(from, to);
  },
};

/**
 * Functions of the orchestrator that read data of the host, or whose time cannot be limited, as that of a YAML parser. A
 * host can provide them.
 */
export const hostFunctions: ReadonlySet<string> = new Set([
  'yaml',
  ...['secret', 'kv', 'read', 'fileExists', 'fileSize', 'isFileEmpty', 'fileURI', 'fromIon', 'encrypt', 'decrypt'],
  ...['errorLogs', 'tasksWithState', 'currentEachOutput', 'printContext', 'http', 'appLink', 'randomPort', 'subflow'],
  ...['id', 'ksuid', 'nanoId', 'parent', 'block', 'i18n', 'env', 'fetchContext', 'dataFaker', 'iterationOutput'],
]);

const isNumber: Test = (value) => typeof value === 'number';
export const tests: Readonly<Record<string, Test>> = {
  null: (value) => value === null,
  empty: (value) =>
    value === null ||
    (typeof value === 'string'
      ? value.trim() === ''
      : isList(value)
        ? value.length === 0
        : isMap(value) && Object.keys(value).length === 0),
  even: (value) => numberOf(value, 'The test even') % 2 === 0,
  odd: (value) => Math.abs(numberOf(value, 'The test odd') % 2) === 1,
  iterable: (value) => isList(value),
  map: (value) => isMap(value),
  json: (value, { budget }) => {
    if (typeof value !== 'string') return false;
    budget.create(value.length);
    try {
      JSON.parse(value);
      return true;
    } catch {
      return false;
    }
  },
  equalTo: (value, args) => value === args.required(0, 'value'),
  string: (value) => typeof value === 'string',
  number: isNumber,
  integer: (value) => Number.isInteger(value),
  decimal: (value) => typeof value === 'number' && !Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
};
