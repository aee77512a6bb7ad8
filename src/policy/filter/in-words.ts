import type { Comparison, Scalar, Where } from '../../access/where.ts';
import type { Step } from '../decide/combine.ts';

/** The tenant and principal of the question, which are described without their ids. */
export interface Spoken {
  readonly tenantId: string | undefined;
  readonly principalId: string;
}

interface Phrase {
  /** Limits of the reach. Empty: no limit. */
  readonly only: readonly string[];
  readonly except: readonly string[];
}
const everything: Phrase = { only: [], except: [] };

const mostNames = 10;
const listed = (names: readonly string[]): string =>
  names.length <= mostNames
    ? names.join(', ')
    : `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`;

const isComparison = (value: unknown): value is Comparison =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Returns the root of a filter created by `within`. */
function rootOfWithin({ OR }: Where): string | undefined {
  const root = OR?.length === 2 ? OR[0]!['namespace'] : undefined;
  const range = OR?.[1]?.['namespace'];
  return typeof root === 'string' && isComparison(range) && range.gte === `${root}.` && range.lt === `${root}/`
    ? root
    : undefined;
}

/** Returns the root of a filter created by `outside`. */
function rootOfOutside({ OR }: Where): string | undefined {
  const below = OR?.length === 3 ? OR[0]!['namespace'] : undefined;
  const root = isComparison(below) && typeof below.lt === 'string' ? below.lt : undefined;
  const after = OR?.[2]?.['namespace'];
  return root !== undefined && isComparison(after) && after.gte === `${root}/` ? root : undefined;
}

function phraseOf(where: Where, spoken: Spoken): Phrase {
  const parts = Object.entries(where).map(([key, value]) => partOf(key, value, where, spoken));
  return joined(parts);
}

const joined = (parts: readonly Phrase[]): Phrase => ({
  only: [...new Set(parts.flatMap(({ only }) => only))],
  except: [...new Set(parts.flatMap(({ except }) => except))],
});

function partOf(key: string, value: unknown, where: Where, spoken: Spoken): Phrase {
  if (key === 'AND') return joined((value as Where[]).map((part) => phraseOf(part, spoken)));
  if (key !== 'OR') return comparisonPhrase(key, value, spoken);
  const outside = rootOfOutside(where);
  if (outside !== undefined) return { only: [], except: [`in ${outside} and below`] };
  const within = rootOfWithin(where);
  if (within !== undefined) return { only: [`in ${within} and below`], except: [] };
  const options = value as Where[];
  const roots = options.map(rootOfWithin);
  if (roots.every((root) => root !== undefined)) return { only: [`in ${listed(roots)} and below`], except: [] };
  return { only: [options.map((option) => inWords(option, spoken)).join(' or ')], except: [] };
}

function comparisonPhrase(key: string, value: unknown, { tenantId, principalId }: Spoken): Phrase {
  const options = isComparison(value)
    ? (value.in ?? (value.equals !== undefined ? [value.equals] : undefined))
    : [value];
  if (key === 'tenantId' && options?.length === 1 && options[0] === tenantId) return everything;
  if (options) {
    if ((key === 'id' || key === 'principalId') && options.length === 1 && options[0] === principalId)
      return { only: ['own objects'], except: [] };
    if (key === 'id' && options.length === 1 && options[0] === tenantId)
      return { only: ['the tenant itself'], except: [] };
    // Internal ids mean nothing to readers.
    if (key === 'id' || /Id$/.test(key))
      return { only: [options.length === 1 ? 'one object' : `${options.length} objects`], except: [] };
    const names = options.map(textOf);
    if (key === 'namespace') return { only: [`in ${listed(names)}`], except: [] };
    return { only: [`where ${key} is ${names.length === 1 ? names[0] : `one of ${listed(names)}`}`], except: [] };
  }
  const signs = { gt: 'after', gte: 'at least', lt: 'before', lte: 'at most' } as const;
  const bounds = (Object.keys(signs) as (keyof typeof signs)[])
    .filter((sign) => (value as Comparison)[sign] !== undefined)
    .map((sign) => `${signs[sign]} ${textOf((value as Comparison)[sign])}`);
  return { only: [`where ${key} is ${bounds.join(' and ')}`], except: [] };
}

const textOf = (value: unknown): string =>
  value === null ? 'null' : value instanceof Date ? value.toISOString() : String(value as Scalar);

const sentence = ({ only, except }: Phrase, { tenantId }: Spoken): string => {
  const base =
    only.length === 0 ? (tenantId === undefined ? 'everywhere' : 'everywhere in the tenant') : only.join(', and ');
  return except.length === 0 ? base : `${base}, except ${except.join(' and ')}`;
};

/** Describes a filter in plain English. Undefined: every row. */
export function inWords(where: Where | undefined, spoken: Spoken): string {
  return sentence(where === undefined ? everything : phraseOf(where, spoken), spoken);
}

/**
 * Describes the combined reach of the steps of a decision in plain English.
 * @param settings true if the reader can see the settings of policies. Otherwise, filters of plugins are described by
 * the name of the policy.
 */
export function reachInWords(
  steps: readonly (Step & { readonly open: ReadonlySet<string> })[],
  spoken: Spoken,
  settings: boolean,
  isPlugin: (policy: string) => boolean,
): string {
  const counted = steps.filter((step) => !step.shadow && step.open.size === 0);
  const allows = counted.filter(({ mode, effect }) => mode === 'grant' && effect === 'allow');
  const phrases = allows.map((step) =>
    step.policy === 'group-owner'
      ? { only: ['owned groups'], except: [] }
      : step.filter && !settings && isPlugin(step.policy)
        ? { only: [`objects granted by policy ${step.policy}`], except: [] }
        : step.filter
          ? phraseOf(step.filter, spoken)
          : everything,
  );
  const given = phrases.some(({ only, except }) => only.length === 0 && except.length === 0)
    ? everything
    : phrases.length === 1
      ? phrases[0]!
      : { only: [[...new Set(phrases.map((phrase) => sentence(phrase, spoken)))].join(' or ')], except: [] };
  const left = counted
    .filter(({ effect, filter }) => effect === 'deny' && filter)
    .map((step) =>
      settings || !isPlugin(step.policy)
        ? phraseOf(step.filter!, spoken)
        : { only: [], except: [`objects refused by policy ${step.policy}`] },
    );
  return sentence(joined([given, ...left]), spoken);
}
