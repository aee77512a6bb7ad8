import { createHash } from 'node:crypto';
import type { Given } from './arguments.ts';
import { Fault } from './fault.ts';
import { numberOf, type Value } from './values.ts';

export type Filter = (value: Value, args: Given) => Value;

/** A filter from text to a value. Null stays null. */
const onText =
  (work: (text: string, args: Given) => Value): Filter =>
  (value, args) => {
    if (value === null) return null;
    const text = args.asText(value);
    args.budget.create(text.length);
    return work(text, args);
  };
const hash = (algorithm: string): Filter => onText((text) => createHash(algorithm).update(text).digest('hex'));
const cut = (isBefore: boolean, isLast: boolean): Filter =>
  onText((text, args) => {
    const separator = args.text(0, 'separator');
    args.budget.search(text, separator);
    const at = isLast ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) return isBefore ? text : '';
    return isBefore ? text.slice(0, at) : text.slice(at + separator.length);
  });
const indented = (text: string, args: Given): string => {
  const amount = args.number(0, 'amount');
  if (!(amount >= 0 && amount <= 1_000)) throw new Fault(`${args.what} accepts an amount of 0 to 1,000.`);
  const prefix = args.text(1, 'prefix', ' ').repeat(amount);
  args.budget.create(prefix.length * text.split('\n').length);
  return text.replaceAll('\n', `\n${prefix}`);
};
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const textFilters: Readonly<Record<string, Filter>> = {
  upper: onText((text) => text.toUpperCase()),
  lower: onText((text) => text.toLowerCase()),
  capitalize: onText((text) => text.charAt(0).toUpperCase() + text.slice(1)),
  title: onText((text) => text.replace(/\S+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1))),
  trim: onText((text) => text.trim()),
  abbreviate: onText((text, args) => {
    const length = args.number(0, 'length');
    return text.length <= length
      ? text
      : length < 4
        ? text.slice(0, Math.max(0, length))
        : `${text.slice(0, length - 3)}...`;
  }),
  replace: onText((text, args) => {
    const pairs = args.any(0, 'replace_pairs', 'replacePairs') ?? null;
    if (args.any(1, 'regexp') === true)
      throw new Fault('The filter replace does not support regular expressions here.');
    let result = text;
    for (const [from, to] of Object.entries(args.asMap(pairs))) {
      const by = args.asText(to as Value);
      args.budget.search(result, from);
      const count = from === '' ? result.length + 1 : result.split(from).length - 1;
      args.budget.create(result.length + count * by.length);
      result = result.replaceAll(from, () => by);
    }
    return result;
  }),
  split: onText((text, args) => {
    const by = args.text(0, 'delimiter', ',');
    const limit = args.number(1, 'limit', 0);
    args.budget.search(text, by);
    const parts = text.split(by);
    args.budget.create(parts.length);
    return limit > 0 && parts.length > limit ? [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(by)] : parts;
  }),
  startsWith: onText((text, args) => text.startsWith(args.text(0, 'value'))),
  endsWith: onText((text, args) => text.endsWith(args.text(0, 'value'))),
  substringBefore: cut(true, false),
  substringBeforeLast: cut(true, true),
  substringAfter: cut(false, false),
  substringAfterLast: cut(false, true),
  slugify: onText((text) =>
    text
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, ''),
  ),
  indent: onText((text, args) => indented(text, args)),
  nindent: onText(
    (text, args) =>
      `\n${args.text(1, 'prefix', ' ').repeat(Math.min(1_000, Math.max(0, args.number(0, 'amount'))))}${indented(text, args)}`,
  ),
  base64encode: onText((text) => Buffer.from(text).toString('base64')),
  base64decode: onText((text) => Buffer.from(text, 'base64').toString()),
  urlencode: onText((text) =>
    encodeURIComponent(text.toWellFormed())
      .replaceAll('%20', '+')
      .replace(/[!'()~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`),
  ),
  urldecode: onText((text) => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch {
      throw new Fault('The filter urldecode requires an encoded text.');
    }
  }),
  md5: hash('md5'),
  sha1: hash('sha1'),
  sha256: hash('sha256'),
  sha512: hash('sha512'),
  escape: onText((text, { budget }) => {
    budget.create(text.length * 6);
    return text.replace(/[&<>"']/g, (one) => entities[one]!);
  }),
  escapeChar: onText((text, args) => {
    const type = args.text(0, 'type', 'double');
    if (type === 'shell') return text.replaceAll("'", "'\\''");
    if (type === 'single') return text.replaceAll("'", "\\'");
    if (type === 'double') return text.replaceAll('"', '\\"');
    throw new Fault('The filter escapeChar accepts the types single, double and shell.');
  }),
  string: (value, args) => args.asText(value),
  raw: (value) => value,
  number: (value, args) => {
    const type = args.text(0, 'type', '');
    const result = numberOf(value, 'The filter number');
    return /^(INT|INTEGER|LONG|BIGINTEGER)$/i.test(type) ? Math.trunc(result) : result;
  },
  abs: (value) => Math.abs(numberOf(value, 'The filter abs')),
  numberFormat: (value, args) =>
    formatNumber(numberOf(value, 'The filter numberFormat'), args.text(0, 'format', '#,##0.###')),
};

/** A number in a pattern such as #,##0.00 of Java's DecimalFormat. */
function formatNumber(value: number, pattern: string): string {
  const match = /^([^#0,.]{0,20})([#0,]*)(?:\.([#0]*))?([^#0,.]{0,20})$/.exec(pattern.slice(0, 100));
  if (!match) throw new Fault(`The number format ${JSON.stringify(pattern.slice(0, 50))} is not supported.`);
  const [, prefix = '', whole = '', fraction = '', suffix = ''] = match;
  const count = (text: string) => text.split('0').length - 1;
  const options = {
    useGrouping: whole.includes(','),
    minimumIntegerDigits: Math.max(1, Math.min(21, count(whole))),
    minimumFractionDigits: Math.min(20, count(fraction)),
    maximumFractionDigits: Math.min(20, fraction.length),
    roundingMode: 'halfEven',
  } as Intl.NumberFormatOptions;
  const scaled = suffix.includes('%') ? value * 100 : value;
  return `${prefix}${new Intl.NumberFormat('en-US', options).format(scaled)}${suffix}`;
}
